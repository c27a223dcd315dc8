import { describe, expect, test } from "vitest";
import { entriesOf, journalRecords, onlyEntry, problemLines, showPostings } from "./read-all.ts";

async function amountIn(written: string, directives = ""): Promise<string | undefined> {
  const entry = await onlyEntry(`${directives}2024-01-01 x\n  a  ${written}\n  b\n`);
  return showPostings(entry)[0]?.slice("a  ".length);
}

async function refusalOf(written: string, directives = ""): Promise<string | undefined> {
  const [problem] = await problemLines(`${directives}2024-01-01 x\n  a  ${written}\n  b\n`);
  return problem;
}

describe("amounts of a journal", () => {
  test.each([
    ["$10.00", "10.00 $"],
    ["10.00 USD", "10.00 USD"],
    ["10.00USD", "10.00 USD"],
    ["USD 10", "10 USD"],
    ["-$5", "-5 $"],
    ["$-5", "-5 $"],
    ["- $ 5", "-5 $"],
    ["$ -5", "-5 $"],
    ["-5 USD", "-5 USD"],
    ["+5 USD", "5 USD"],
    [".5 h", "0.5 h"],
    ["5. h", "5 h"],
    ["-.25 h", "-0.25 h"],
    ["007.50 h", "7.50 h"],
    ["1,173.15 USD", "1173.15 USD"],
    ["$1,173.15", "1173.15 $"],
    ["1.173,15 EUR", "1173.15 EUR"],
    ["1 173,15 EUR", "1173.15 EUR"],
    ["1\u00a0173,15 EUR", "1173.15 EUR"],
    ["1\u202f000\u202f000 EUR", "1000000 EUR"],
    ["10,00,000.00 INR", "1000000.00 INR"],
    ["1,000,000 JPY", "1000000 JPY"],
    ["1.000.000 EUR", "1000000 EUR"],
    ["10,5 EUR", "10.5 EUR"],
    ["0,125 EUR", "0.125 EUR"],
    ["1.234 VTI", "1.234 VTI"],
    ["1E3 USD", "1000 USD"],
    ["1.5e-3 BTC", "0.0015 BTC"],
    ["5 E", "5 E"],
    ['3 "AAPL 2024"', "3 AAPL 2024"],
    ['"AAPL;2024" 3', "3 AAPL;2024"],
    ["12 \u00e9toiles", "12 \u00e9toiles"],
    ["\u20ac5", "5 \u20ac"],
    ["99999999999999999999999999999999999999 X", "99999999999999999999999999999999999999 X"],
    ["0.00000000000000000000000000000000000001 X", "0.00000000000000000000000000000000000001 X"],
    ["5 USD ; a comment", "5 USD"],
    ["5 USD = 10 USD", "5 USD"],
    ["5 USD ==* 10 USD @ 3 EUR ; x", "5 USD"],
  ])("%s is %s", async (written, expected) => {
    expect(await amountIn(written)).toBe(expected);
  });

  test("an amount without a commodity has that of D, else the code for no currency", async () => {
    expect(await amountIn("5")).toBe("5 XXX");
    expect(await amountIn("5", "D $1,000.00\n")).toBe("5 $");
    expect(await amountIn("1,000", "D $1,000.00\n")).toBe("1000 $");
  });

  test.each([
    ["decimal-mark .\n", "1,000 EUR", "1000 EUR"],
    ["decimal-mark ,\n", "1,000 EUR", "1.000 EUR"],
    ["decimal-mark ,\n", "1.000 EUR", "1000 EUR"],
    ["commodity $1,000.00\n", "$1,000", "1000 $"],
    ["commodity 1.000,00 EUR\n", "1.000 EUR", "1000 EUR"],
    ["commodity EUR\n  format 1.000,00 EUR\n", "1.000 EUR", "1000 EUR"],
    ["commodity 1000. EUR\n", "1,000 EUR", "1000 EUR"],
    ["D 1.000,00 EUR\n", "1.000 USD", "1000 USD"],
    ["2023-01-01 y\n  a  $2.50\n  b  $-2.50\n\n", "$1,000", "1000 $"],
    ["2023-01-01 y\n  a  2,50 EUR\n  b  -2,50 EUR\n\n", "1.000 EUR", "1000 EUR"],
  ])("what stands above it decides an ambiguous mark: %j %s is %s", async (above, written, expected) => {
    const entries = entriesOf(await journalRecords(`${above}2024-01-01 x\n  a  ${written}\n  b\n`));
    expect(showPostings(entries.at(-1) ?? expect.fail("no entry"))[0]).toBe(`a  ${expected}`);
  });

  test.each([
    ["$1,000", "can mean 1000 or 1.000"],
    ["1,2,3 USD", "is not a number"],
    ["1,00.5 USD", "is not a number"],
    ["1.000,00.5 USD", "is not a number"],
    [". USD", "is not a number"],
    ["-$-5", "two signs"],
    ["USD", "An amount is expected"],
    ["$5 USD", "is not understood behind the amount"],
    ["5 USD 6", "is not understood behind the amount"],
    ["($5 * 2)", "is an expression"],
    ["10 A {$5}", "Lots such as"],
    ["10 A @ $5 [2024-01-01]", "Lots such as"],
    ["10 A @ -5 B", "The cost is negative"],
    ["= $100", "sets the account to a balance"],
    ["100000000000000000000000000000000000000 X", "more than 38 digits"],
    ["0.000000000000000000000000000000000000001 X", "more than 38 digits"],
    ["1E40 X", "more than 38 digits"],
    [`${"9".repeat(30_000)} X`, "more than 38 digits"],
    ["9999999999999999999999 A @ 9999999999999999999999 B", "The cost has more than 38 digits"],
  ])("%s is refused", async (written, reason) => {
    const refusal = await refusalOf(written);
    expect(refusal).toMatch(/^2: /);
    expect(refusal).toContain(reason);
    expect(refusal?.length).toBeLessThan(250);
  });

  test("a number that contradicts a declared mark is refused", async () => {
    expect(await refusalOf("10,00 EUR", "decimal-mark .\n")).toContain('contradicts the decimal mark "."');
    expect(await refusalOf("1.000.000 EUR", "decimal-mark .\n")).toContain("contradicts");
  });
});
