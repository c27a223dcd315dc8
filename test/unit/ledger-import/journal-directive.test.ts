import { describe, expect, test } from "vitest";
import { entriesOf, journalRecords, onlyEntry, problemLines, problemsOf, showPostings } from "./read-all.ts";

const entry = "2024-01-01 x\n  a:b  $1\n  c  $-1\n";

describe("directives of a journal", () => {
  test.each([
    ["P 2024-01-01 EUR $1.08\n", "P"],
    ["account a:b  ; type: A\n  ; note\n  alias q\n", "account"],
    ["commodity EUR\n", "commodity"],
    ["D $1,000.00\n", "D"],
    ["Y2024\n", "Y"],
    ["payee Market\n", "payee"],
    ["tag trip\n", "tag"],
    ["decimal-mark .\n", "decimal-mark"],
    ["alias x = y\n", "alias"],
    ["end aliases\n", "end aliases"],
    ["!account a:b\n", "account"],
    ["i 2024/01/01 09:00:00 work\no 2024/01/01 17:00:00\n", "i,o"],
    ["~ monthly\n  a  $1\n  b\n", "periodic transaction"],
    ["= /^expenses/\n  (budget)  *-1\n", "auto posting rule"],
    ["=expenses\n  (budget)  *-1\n", "auto posting rule"],
    ["comment\n2024-01-01 nothing\n  a  $5\nend comment\n", "comment"],
    ["comment\nno end", "comment"],
    ["test\n2024-01-01 nothing\n\n  a  $5\nend test\n", "test"],
    ["apply account p\nend apply account\n", "apply account,end apply account"],
  ])("%j is skipped with a count", async (text, directives) => {
    const records = await journalRecords(text);
    expect(records.map((record) => (record.kind === "skipped" ? record.directive : record.kind)).join()).toBe(
      directives,
    );
  });

  test("comments at the start of a line are dropped", async () => {
    expect(await journalRecords(`; a\n# b\n* c\n% d\n| e\n\n  ; f\n${entry}; g\n  ; h\n`)).toHaveLength(1);
  });

  test("alias and apply account name the accounts below them", async () => {
    const text = `alias a = assets\nalias assets:b = assets:bank\napply account joint\nalias joint:c=cash ; x\n${entry}end apply account\n`;
    const [first] = entriesOf(await journalRecords(text));
    expect(first === undefined ? [] : showPostings(first)).toEqual(["joint:a:b  1 $", "cash  -1 $"]);
    expect(showPostings(await onlyEntry(`alias assets:b = bank\nalias a = assets\n${entry}`))[0]).toBe(
      "bank  1 $",
    );
    expect(showPostings(await onlyEntry(`alias a = assets\nend aliases\n${entry}`))[0]).toBe("a:b  1 $");
  });

  test.each([
    ["include other.journal\n", 'The file "other.journal" is not followed'],
    ["!include other.journal\n", "is not followed"],
    ["alias /a(.*)/ = b\n", "Aliases by regular expression are not applied"],
    ["alias a\n", "alias takes OLD = NEW"],
    ["Y24\n", "is not a year of four digits"],
    ["D 1.00\n", "D needs an amount with a commodity"],
    ["decimal-mark ;\n", 'decimal-mark takes "." or ","'],
    ["end apply account\n", "stands without an apply account"],
    ["apply account\n", "takes the name of a parent account"],
    ["commodity $1,000\n", "can mean 1000 or 1.000"],
    ["frobnicate\n", '"frobnicate" begins neither an entry nor a directive that is known here'],
    ["constructor\n", "is known here"],
    ["\u00e9t\u00e9\n", "is known here"],
  ])("%j is a problem, and the rest goes on", async (text, reason) => {
    const records = await journalRecords(text + entry);
    expect(problemsOf(records)).toEqual([
      { kind: "problem", line: 1, reason: expect.stringContaining(reason) },
    ]);
    expect(entriesOf(records)).toHaveLength(1);
  });
});

describe("damage", () => {
  test("an entry that cannot be understood does not touch its neighbours", async () => {
    const records = await journalRecords(`${entry}\n2024-01-02 y\n  a  $x\n  b\n\n${entry}`);
    expect(entriesOf(records)).toHaveLength(2);
    expect(problemsOf(records).map(({ line }) => line)).toEqual([6]);
  });

  test("an entry that is cut in two by a blank line or a comment is not recorded by its first half", async () => {
    for (const cut of ["", "; note", "   "]) {
      const records = await journalRecords(`2024-01-01 x\n  a  $1\n  b\n${cut}\n  c  $5\n  d  $5\n${entry}`);
      expect(entriesOf(records)).toHaveLength(1);
      expect(problemsOf(records)).toEqual([
        { kind: "problem", line: 5, reason: expect.stringContaining("belongs to no entry") },
      ]);
    }
    expect(await problemLines(`  a  $5\n  b\n${entry}`)).toEqual([
      "1: The indented line belongs to no entry",
    ]);
  });

  test.each([
    ["a NUL byte", "  b \u0000\n", "contains a NUL byte"],
    ["another control character", "  b\u0007\n", "contains a control character"],
    ["a lone surrogate", "  b\ud800\n", "contains a control character"],
    ["a line beyond 64 KiB", `  b ; ${"x".repeat(70_000)}\n`, "is longer than 65536 characters"],
  ])("%s", async (_name, line, reason) => {
    const records = await journalRecords(`2024-01-01 x\n  a  $1\n${line}\n${entry}`);
    expect(problemsOf(records)).toEqual([
      { kind: "problem", line: 3, reason: expect.stringContaining(reason) },
    ]);
    expect(entriesOf(records)).toHaveLength(1);
  });

  test("bytes that are not UTF-8 are reported, not replaced", async () => {
    const latin1 = Buffer.from("2024-01-01 Caf\u00e9\n  a  $1\n  b\n", "latin1");
    expect(problemsOf(await journalRecords(latin1))).toEqual([
      { kind: "problem", line: 1, reason: "The line is not valid UTF-8: save the file as UTF-8 text" },
    ]);
  });

  test("an entry of too many lines is refused in bounded memory", async () => {
    const [problem] = await problemLines(`2024-01-01 x\n${"  a  $1\n".repeat(5_001)}  b\n`);
    expect(problem).toBe("1: The entry has more than 5000 lines: split it");
  });
});
