import { parseDecimal } from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  nonNegativeAmount,
  positiveAmount,
  signedAmount,
} from "../../../examples/ledger/src/domain/amount.ts";
import { fitsLedger } from "../../../examples/ledger/src/domain/exact-decimal.ts";

/** Plain decimal strings, also with far too many digits. */
const decimalText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 45 }),
    fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 45 }),
  )
  .map(([sign, whole, fraction]) => {
    return `${sign}${whole.join("")}${fraction.length > 0 ? `.${fraction.join("")}` : ""}`;
  });

describe("an amount", () => {
  test.each([
    "0",
    "1",
    "-1",
    "10.00",
    "007",
    "-0",
    "0.00000000000000000000000000000000000001",
    "9".repeat(38),
    `-${"9".repeat(38)}`,
    `${"9".repeat(19)}.${"9".repeat(19)}`,
    `0.${"0".repeat(37)}1`,
    "0".repeat(40),
  ])("%s is taken as it is written", (text) => {
    expect(signedAmount.parse(text)).toBe(text);
  });

  test.each([
    "",
    " ",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "--1",
    ".5",
    "5.",
    "1,5",
    "1_000",
    "1'000",
    "1e3",
    "1E-3",
    "0x10",
    "NaN",
    "Infinity",
    "-",
    "1.2.3",
    "١٢",
    "１",
    "10n",
    "$10",
    "9".repeat(39),
    `1${"0".repeat(38)}`,
    `0.${"0".repeat(38)}1`,
    `${"9".repeat(19)}.${"9".repeat(20)}`,
    `1.${"0".repeat(38)}`,
    "1".repeat(1_000_000),
  ])("%j is refused", (text) => {
    const result = signedAmount.safeParse(text);
    expect(result.error?.issues).toHaveLength(1);
    expect(result.error?.issues[0]?.message).toMatch(/plain decimal string.*38 digits/);
  });

  test.each([10, 0.1, 1n, null, undefined, true, ["1"], { amount: "1" }])("%o is no string", (value) => {
    expect(signedAmount.safeParse(value).error?.issues[0]?.message).toMatch(/send a string, not a number/);
  });

  test("is positive for a movement, and not negative for a limit", () => {
    expect(positiveAmount.safeParse("0.00").error?.issues[0]?.message).toBe("must be greater than zero");
    expect(positiveAmount.safeParse("-0").success).toBe(false);
    expect(positiveAmount.safeParse("-1").success).toBe(false);
    expect(nonNegativeAmount.safeParse("0.00").success).toBe(true);
    expect(nonNegativeAmount.safeParse("-0.01").error?.issues[0]?.message).toBe("must not be negative");
  });

  test("is accepted exactly when its digits fit", () => {
    fc.assert(
      fc.property(decimalText, (text) => {
        const fits = text.length <= 80 && fitsLedger(parseDecimal(text));
        expect(signedAmount.safeParse(text).success).toBe(fits);
      }),
    );
  });

  test("any other text is refused and never thrown at", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const isDecimal = typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
        fc.pre(!isDecimal);
        expect(signedAmount.safeParse(value).success).toBe(false);
      }),
    );
  });
});
