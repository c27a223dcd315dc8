import { AvroValueError } from "./avro-value-error.ts";

/** An exact decimal number: `unscaled * 10^-scale`, with an integer `scale` >= 0. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const plainDecimal = /^[+-]?\d+(?:\.\d+)?$/;

/**
 * Reads a plain decimal such as `"-1173.15"`. The scale is the number of digits after the point, so `"10.00"`
 * keeps its two zeros. Throws {@link AvroValueError} on anything else: exponents, separators, spaces, a bare point.
 */
export function parseDecimal(text: string): Decimal {
  if (!plainDecimal.test(text)) {
    throw new AvroValueError({
      path: "",
      expected: 'a plain decimal such as "-1173.15" (digits, at most one point, no exponent)',
      actual: JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text),
    });
  }
  const point = text.indexOf(".");
  if (point === -1) return { unscaled: BigInt(text.replace("+", "")), scale: 0 };
  const digits = text.slice(0, point) + text.slice(point + 1);
  return { unscaled: BigInt(digits.replace("+", "")), scale: text.length - point - 1 };
}

/** Writes a decimal in plain notation, never with an exponent, and keeps the scale (`"10.00"`). */
export function formatDecimal(value: Decimal): string {
  const { unscaled, scale } = value;
  if (scale === 0) return unscaled.toString();
  const sign = unscaled < 0n ? "-" : "";
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
