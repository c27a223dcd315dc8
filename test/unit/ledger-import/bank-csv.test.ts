import { formatDecimal } from "@tidemark/schema-registry/avro";
import { describe, expect, test } from "vitest";
import { bankRecords, problemsOf } from "./read-all.ts";

const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n";
const row = '7;71;930101;"PRIJEM";"VKLAD";700.00;0.00;"";;\n';

async function only(line: string) {
  const [record, second] = await bankRecords(header + line);
  expect(second).toBeUndefined();
  return record;
}

describe("a row of the bank", () => {
  test("is a transaction of its account", async () => {
    expect(await only('695247;2378;930131;"PRIJEM";"VKLAD";700.50;9.00;"SIPO";"AB";41403269\n')).toEqual({
      kind: "transaction",
      sourceId: "6307a67c-5e59-5039-ac22-f13c12ef1cf6",
      line: 2,
      accountId: "2378",
      date: "1993-01-31",
      direction: "credit",
      amount: { unscaled: 70050n, scale: 2 },
      reference: "VKLAD SIPO 695247",
    });
  });

  test.each([
    ["PRIJEM", "credit"],
    ["VYDAJ", "debit"],
    ["VYBER", "debit"],
  ])("%s is a %s", async (type, direction) => {
    expect(await only(`7;71;930101;${type};;1;;;;\n`)).toMatchObject({ direction, reference: "7" });
  });

  test.each([
    ["000101", "2000-01-01"],
    ["691231", "2069-12-31"],
    ["700101", "1970-01-01"],
    ["991231", "1999-12-31"],
    ["960229", "1996-02-29"],
  ])("date %s is %s", async (written, date) => {
    expect(await only(`7;71;${written};PRIJEM;;1;;;;\n`)).toMatchObject({ date });
  });

  test.each([
    ["700", "700"],
    ["0.1", "0.1"],
    ["0007.50", "7.50"],
    ["9".repeat(38), "9".repeat(38)],
    [`0.${"1".repeat(38)}`, `0.${"1".repeat(38)}`],
  ])("amount %s is exact", async (written, expected) => {
    const record = await only(`7;71;930101;PRIJEM;;${written};;;;\n`);
    expect(record?.kind === "transaction" ? formatDecimal(record.amount) : record).toBe(expected);
  });

  test("of 0.00 is skipped with a count", async () => {
    expect(await only("7;71;930101;PRIJEM;;0.00;;;;\n")).toEqual({
      kind: "skipped",
      line: 2,
      directive: "transaction of zero",
    });
  });

  test.each([
    ["7;71;930101;OTHER;;1;;;;", 'type "OTHER" is none of PRIJEM, VYDAJ, VYBER'],
    ["7;71;930101;PRIJEM;;-1;;;;", 'amount "-1" is not a positive decimal'],
    ["7;71;930101;PRIJEM;;1,50;;;;", "is not a positive decimal"],
    ["7;71;930101;PRIJEM;;1e3;;;;", "is not a positive decimal"],
    ["7;71;930101;PRIJEM;;;;;;", "is not a positive decimal"],
    [`7;71;930101;PRIJEM;;${"9".repeat(39)};;;;`, "amount has more than 38 digits"],
    [`7;71;930101;PRIJEM;;0.${"1".repeat(39)};;;;`, "amount has more than 38 digits"],
    ["7;71;930230;PRIJEM;;1;;;;", 'date "930230" is not a day written as yymmdd'],
    ["7;71;19930101;PRIJEM;;1;;;;", "is not a day written as yymmdd"],
    ["7;;930101;PRIJEM;;1;;;;", 'account_id "" is not 1 to 128 of the characters'],
    ["7;a b;930101;PRIJEM;;1;;;;", 'account_id "a b" is not'],
    [";71;930101;PRIJEM;;1;;;;", 'trans_id "" is not'],
    ["7;71;930101;PRIJEM;;1;;;", "The line has 9 fields instead of 10"],
    ["7;71", "The line has 2 fields instead of 10"],
    ['7;71;930101;"PRIJEM;;1;;;;', "A quote in the line is not closed"],
    ['7;71;930101;P"RIJEM";;1;;;;', "or stands in the middle of a field"],
    ['7;71;930101;"PRI"JEM"";;1;;;;', "or stands in the middle of a field"],
    ['7;71;930101; "PRIJEM";;1;;;;', "or stands in the middle of a field"],
    ["7;71;930101;PRIJEM;\u0000;1;;;;", "contains a NUL byte"],
    [`7;71;930101;PRIJEM;${"x".repeat(70_000)};1;;;;`, "is longer than 65536 characters"],
  ])("%s is a problem, and the rows around it are read", async (line, reason) => {
    const records = await bankRecords(`${header}${row}\n${line}\n${row}`);
    expect(records.map(({ kind }) => kind)).toEqual(["transaction", "problem", "transaction"]);
    expect(records.map(({ line: number }) => number)).toEqual([2, 4, 5]);
    expect(problemsOf(records)[0]?.reason).toContain(reason);
  });
});

describe("the header of a bank CSV", () => {
  test.each([
    header,
    `\ufeff${header}`,
    `\n${header}`,
    header.replace("\n", "\r\n"),
    header.replace("date", "date(yymmdd)"),
    header.replace(/\w+/g, '"$&"'),
  ])("%j is accepted", async (written) => {
    expect((await bankRecords(written + row)).map(({ kind }) => kind)).toEqual(["transaction"]);
  });

  test.each([
    row,
    `${header.replace("trans_id;", "")}${row}`,
    `"${header}${row}`,
    header.replaceAll(";", ","),
  ])("%j is one problem", async (written) => {
    expect(await bankRecords(written)).toEqual([
      {
        kind: "problem",
        line: 1,
        reason:
          "The first line must be trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account",
      },
    ]);
  });

  test("nothing at all gives nothing", async () => {
    expect(await bankRecords("")).toEqual([]);
  });
});
