import { describe, expect, test } from "vitest";
import { entriesOf, journalRecords, onlyEntry, problemLines, showPostings } from "./read-all.ts";

const postings = "  a  $1\n  b\n";

describe("the first line of an entry", () => {
  test.each([
    ["2024-01-31 Market", "2024-01-31", "Market"],
    ["2024/1/31 Market", "2024-01-31", "Market"],
    ["2024.01.31 Market", "2024-01-31", "Market"],
    ["2024-02-29=2024-03-02 Market", "2024-02-29", "Market"],
    ["2024-01-31=02-01 Market", "2024-01-31", "Market"],
    ["2024-01-31 * Market", "2024-01-31", "Market"],
    ["2024-01-31 ! Market", "2024-01-31", "Market"],
    ["2024-01-31 *Market", "2024-01-31", "Market"],
    ["2024-01-31 * (1041) Market", "2024-01-31", "Market"],
    ["2024-01-31 (1041)", "2024-01-31", ""],
    ["2024-01-31 Market | weekly shopping  ; not this", "2024-01-31", "Market | weekly shopping"],
    ["2024-01-31\tCaf\u00e9 (north) * 2", "2024-01-31", "Caf\u00e9 (north) * 2"],
    ["2024-01-31", "2024-01-31", ""],
    ["2024-01-31;note", "2024-01-31", ""],
    ["Y2023\n01-31 Market", "2023-01-31", "Market"],
    ["Y 2023\n1/31 Market", "2023-01-31", "Market"],
    ["year 2023\n01.31 Market", "2023-01-31", "Market"],
    ["apply year 2023\n01.31 Market", "2023-01-31", "Market"],
  ])("%j", async (head, date, description) => {
    expect(await onlyEntry(`${head}\n${postings}`)).toMatchObject({ date, description });
  });

  test.each([
    ["2023-02-29 x", '"2023-02-29" is not a day of the calendar'],
    ["2024-13-01 x", "is not a day of the calendar"],
    ["2024-01/02 x", "is not a date"],
    ["2024-01-01=2024-02-31 x", "is not a day of the calendar"],
    ["01-31 x", 'has no year: write it as YYYY-MM-DD, or put a line such as "Y2024" above it'],
    ["2024-01-01,x", 'An entry begins with a date and a space, not with "2024-01-01,x"'],
    ["42 things", "is not a date"],
  ])("%j is refused", async (head, reason) => {
    const problems = await problemLines(`${head}\n${postings}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^1: /);
    expect(problems[0]).toContain(reason);
  });
});

describe("the postings of an entry", () => {
  async function read(lines: string): Promise<string[]> {
    return showPostings(await onlyEntry(`2024-01-01 x\n${lines}`));
  }

  test("account names hold single spaces and end at two spaces or a tab", async () => {
    expect(await read("  assets:credit card 2  $1\n\t* assets:b\u00e4nk konto\t $-1 ; x\n")).toEqual([
      "assets:credit card 2  1 $",
      "assets:b\u00e4nk konto  -1 $",
    ]);
  });

  test("the missing amount is inferred exactly, for each commodity that is left over", async () => {
    expect(await read("  a  $0.10\n  b  $0.20\n  c  3 EUR\n  d\n  e  0.005 EUR\n")).toEqual([
      "a  0.10 $",
      "b  0.20 $",
      "c  3 EUR",
      "d  -0.30 $",
      "d  -3.005 EUR",
      "e  0.005 EUR",
    ]);
  });

  test("costs are signed totals, and the entry balances at cost", async () => {
    expect(await read("  a  -2 A @ 0.71 B\n  b  1.42 B\n")).toEqual(["a  -2 A @@ -1.42 B", "b  1.42 B"]);
    expect(await read("  a  -2 A @@ 2 C\n  b\n")).toEqual(["a  -2 A @@ -2 C", "b  2 C"]);
    expect(await read("  a  12.5000 VTI @ $236.40\n  b\n")).toEqual([
      "a  12.5000 VTI @@ 2955.00 $",
      "b  -2955.00 $",
    ]);
    expect(await read("  a  3 A (@) 0.333 B\n  b  -0.999 B\n")).toEqual(["a  3 A @@ 0.999 B", "b  -0.999 B"]);
  });

  test("a cost that rounds to what was paid becomes what was paid, as hledger and Ledger accept it", async () => {
    expect(await read("  a  12.345 VTI @ $203.4567\n  fee  $4.95\n  b  $-2516.62\n")).toEqual([
      "a  12.345 VTI @@ 2511.67 $",
      "fee  4.95 $",
      "b  -2516.62 $",
    ]);
    expect(await read("  a  -3 A @ 0.33334 B\n  b  1.0000 B\n")).toEqual([
      "a  -3 A @@ -1.0000 B",
      "b  1.0000 B",
    ]);
    expect(await read("  a  12.345 VTI @ $203.4567\n  b\n")).toEqual([
      "a  12.345 VTI @@ 2511.6729615 $",
      "b  -2511.6729615 $",
    ]);
  });

  test("two commodities without a cost are a conversion at the sums given", async () => {
    expect(await read("  a  $-100\n  b  90 EUR\n")).toEqual(["a  -100 $ @@ -90 EUR", "b  90 EUR"]);
    expect(await read("  a  $-60\n  a  $-40\n  b  90 EUR\n")).toEqual([
      "a  -60 $",
      "a  -40 $",
      "b  90 EUR @@ 100 $",
    ]);
  });

  test("[accounts] balance among themselves, (accounts) are left out and counted", async () => {
    const text = "2024-01-01 x\n  a  $5\n  b\n  [budget:food]  $-5\n  [budget:cash]\n  (note)  7 apples\n";
    const records = await journalRecords(text);
    expect(entriesOf(records).map(showPostings)).toEqual([
      ["a  5 $", "b  -5 $", "budget:food  -5 $", "budget:cash  5 $"],
    ]);
    expect(records.slice(1)).toEqual([{ kind: "skipped", line: 6, directive: "virtual posting" }]);
    expect(await problemLines("2024-01-01 x\n  a  $5\n  b\n  [c]  $-5\n")).toEqual([
      "1: The postings do not sum to zero: -5 $ is left over",
    ]);
  });

  test("balance assertions are counted, not checked", async () => {
    const records = await journalRecords("2024-01-01 x\n  a  $5 = $99\n  b  $-5 == $1 @ 2 EUR\n");
    expect(records.map((record) => (record.kind === "skipped" ? record.directive : record.kind))).toEqual([
      "entry",
      "balance assertion",
      "balance assertion",
    ]);
  });

  test("a posting of zero moves nothing; an entry that moves nothing is skipped", async () => {
    const records = await journalRecords("2024-01-01 check\n  a  0 = $99\n\n2024-01-02 note only\n");
    expect(records).toEqual([
      { kind: "skipped", line: 2, directive: "posting of zero" },
      { kind: "skipped", line: 2, directive: "balance assertion" },
      { kind: "skipped", line: 1, directive: "entry without amounts" },
      { kind: "skipped", line: 4, directive: "entry without amounts" },
    ]);
  });

  test.each([
    ["  a  $5\n  b  $-4.99\n", "1: The postings do not sum to zero: 0.01 $ is left over"],
    ["  a  3 A @ 0.333 B\n  b  -1.000 B\n", "1: The postings do not sum to zero: -0.001 B is left over"],
    ["  a  1 A @ 0.995 B\n  b  -1.00 B\n", "1: The postings do not sum to zero: -0.005 B is left over"],
    ["  a  1 A @ 0.001 B\n  b  1 A @ 0.001 B\n", "1: The postings do not sum to zero: 0.002 B is left over"],
    ["  a  1 A @ 0.4 B\n  b  0 B\n", "1: The postings do not sum to zero: 0.4 B is left over"],
    ["  a  $5\n  b  5 EUR\n", "1: The postings do not sum to zero: 5 $, 5 EUR is left over"],
    ["  a  $5\n  b\n  c\n", "4: A second posting without an amount: only one can be inferred"],
    ["  a  $5\n", "1: The postings do not sum to zero: 5 $ is left over"],
    ["  a $5.00\n  b\n", '2: At least two spaces must stand between account and amount in "a $5.00"'],
    ["  a 5.00 USD\n  b\n", '2: At least two spaces must stand between account and amount in "a 5.00 USD"'],
    ["  a ; note\n  b  $5\n", '2: At least two spaces must stand between the account and ";" in "a ; note"'],
    ["  ()  $5\n  b\n", "2: The posting has no account"],
  ])("%j is refused", async (lines, problem) => {
    expect(await problemLines(`2024-01-01 x\n${lines}`)).toEqual([problem]);
  });

  test("an inferred amount beyond 38 digits is refused", async () => {
    const nines = "9".repeat(38);
    const [problem] = await problemLines(`2024-01-01 x\n  a  ${nines} X\n  b  ${nines} X\n  c\n`);
    expect(problem).toContain("The amount to infer has more than 38 digits");
  });
});
