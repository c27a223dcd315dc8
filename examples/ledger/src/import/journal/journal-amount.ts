import { parseDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import { fitsLedger, maxDigits, multiply, negate } from "../../domain/exact-decimal.ts";
import type { CommodityAmount } from "../source-record.ts";
import { knownMarksOf, noCommodity, observeDecimalMark, type JournalContext } from "./journal-context.ts";
import { readNumber, type DecimalMark } from "./journal-number.ts";
import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";
import type { TextScanner } from "./text-scanner.ts";

const spaces = /\s+/y;
const sign = /[-+]\s*/y;
const symbol = /[^\s\d.,;@*={}()[\]"+-]+/y;
const quotedSymbol = /"[^"]*"/y;
const number = /[\d.,]+(?:[ \u00a0\u2009\u202f]\d[\d.,]*)*/y;
const exponent = /[eE][+-]?\d{1,2}(?!\d)/y;

interface WrittenAmount {
  readonly negative: boolean;
  /** Null where only a commodity is written, as in `commodity $`. */
  readonly digits: string | null;
  readonly exponent: number;
  /** Empty when none is written. */
  readonly commodity: string;
}

function scanSymbol(scanner: TextScanner): string {
  return scanner.take(symbol) ?? scanner.take(quotedSymbol)?.slice(1, -1) ?? "";
}

/** Takes `-$5`, `$-5`, `USD 5`, `5 USD`, `5`, or a commodity alone, without interpreting the digits. */
function scanAmount(scanner: TextScanner): WrittenAmount {
  const signs = [scanner.take(sign)];
  const before = scanSymbol(scanner);
  if (before !== "") {
    scanner.take(spaces);
    signs.push(scanner.take(sign));
  }
  const digits = scanner.take(number);
  const power = digits === null ? null : scanner.take(exponent);
  scanner.take(spaces);
  const commodity = before !== "" || digits === null ? before : scanSymbol(scanner);
  scanner.take(spaces);
  const written = signs.filter((each) => each !== null);
  if (written.length > 1) throw new JournalSyntaxError("The amount has two signs");
  return {
    negative: written[0]?.startsWith("-") ?? false,
    digits,
    exponent: power === null ? 0 : Number(power.slice(1)),
    commodity,
  };
}

function shift({ unscaled, scale }: Decimal, exponent: number): Decimal {
  return exponent <= scale
    ? { unscaled, scale: scale - exponent }
    : { unscaled: unscaled * 10n ** BigInt(exponent - scale), scale: 0 };
}

/** Refuses what the ledger cannot hold; `what` begins the reason. */
export function requireFits(amount: Decimal, what: string): void {
  if (!fitsLedger(amount)) throw new JournalSyntaxError(`${what} has more than ${maxDigits} digits`);
}

function readQuantity(text: string, { negative, exponent }: WrittenAmount): Decimal {
  const digits = text.replace(/^0+(?=\d)/, "");
  // Checked on the text too: a bigint of tens of thousands of digits is slow to make.
  if (digits.length > 2 * maxDigits)
    throw new JournalSyntaxError(`The amount has more than ${maxDigits} digits`);
  const amount = shift(parseDecimal(digits), exponent);
  requireFits(amount, "The amount");
  return negative ? negate(amount) : amount;
}

/** Reads one amount in the style that is known for its commodity. */
export function readAmount(scanner: TextScanner, context: JournalContext): CommodityAmount {
  const written = scanAmount(scanner);
  if (written.digits === null) {
    throw new JournalSyntaxError(`An amount is expected at ${quote(scanner.rest())}`);
  }
  const commodity = written.commodity === "" ? (context.defaultCommodity ?? noCommodity) : written.commodity;
  const { text, mark } = readNumber(written.digits, knownMarksOf(context, commodity));
  if (mark !== null) observeDecimalMark(context, commodity, mark);
  return { amount: readQuantity(text, written), commodity };
}

/** Reads the sample amount of a `D`, `commodity` or `format` line: its commodity and its decimal mark. */
export function readAmountStyle(scanner: TextScanner): { commodity: string; mark: DecimalMark | null } {
  const { digits, commodity } = scanAmount(scanner);
  if (digits === null) return { commodity, mark: null };
  const { mark } = readNumber(digits, { declared: null, observed: null });
  return { commodity, mark: mark ?? (digits.includes(".") ? "." : null) };
}

/** The signed total of `@ unit` or `@@ total` for this amount. */
export function totalCost(
  { amount }: CommodityAmount,
  marker: "@" | "@@",
  price: CommodityAmount,
): CommodityAmount {
  if (price.amount.unscaled < 0n) {
    throw new JournalSyntaxError(
      "The cost is negative: write it without a sign, it takes that of the amount",
    );
  }
  if (marker === "@") {
    const total = multiply(amount, price.amount, price.amount.scale);
    requireFits(total, "The cost");
    return { amount: total, commodity: price.commodity };
  }
  return {
    amount: amount.unscaled < 0n ? negate(price.amount) : price.amount,
    commodity: price.commodity,
  };
}
