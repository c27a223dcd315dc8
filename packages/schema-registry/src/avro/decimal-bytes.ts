import type { Decimal } from "./decimal.ts";
import { bytesFromBigint } from "./signed-bytes.ts";
import { describeValue, ValueFault } from "./value-fault.ts";

/** The scale up to which a decimal is written or read, as in PostgreSQL: a larger one would fill memory as text. */
export const maxScale = 16_383;

/** The unscaled value that a decimal has under the scale of a schema, refused when it does not fit exactly. */
export function unscaledFor(value: unknown, precision: number, scale: number): bigint {
  const decimal = requireDecimal(value);
  const unscaled = rescale(decimal, scale);
  if (unscaled === null || scale > maxScale || digitsOf(unscaled) > precision) {
    throw new ValueFault(
      `a decimal of at most ${precision} digits, ${scale} of them behind the point`,
      describeDecimal(decimal),
      "round it before, or widen the schema",
    );
  }
  return unscaled;
}

export function requireDecimal(value: unknown): Decimal {
  if (isDecimal(value)) return value;
  const remedy = typeof value === "string" || typeof value === "number" ? "use parseDecimal(text)" : "";
  throw new ValueFault(
    "decimal ({ unscaled: bigint, scale: integer from 0 to 16383 })",
    describeValue(value),
    remedy,
  );
}

function isDecimal(value: unknown): value is Decimal {
  if (typeof value !== "object" || value === null || !("unscaled" in value && "scale" in value)) return false;
  const { unscaled, scale } = value;
  if (typeof unscaled !== "bigint" || typeof scale !== "number") return false;
  return Number.isInteger(scale) && scale >= 0 && scale <= maxScale;
}

/** The same number with another scale; null when digits would be lost. */
function rescale({ unscaled, scale }: Decimal, wanted: number): bigint | null {
  if (scale === wanted || unscaled === 0n) return unscaled;
  if (scale < wanted) return wanted > maxScale ? null : unscaled * 10n ** BigInt(wanted - scale);
  const divisor = 10n ** BigInt(scale - wanted);
  return unscaled % divisor === 0n ? unscaled / divisor : null;
}

function digitsOf(unscaled: bigint): number {
  const digits = unscaled.toString();
  return unscaled < 0n ? digits.length - 1 : digits.length;
}

function describeDecimal({ unscaled, scale }: Decimal): string {
  const digits = digitsOf(unscaled);
  return digits > 60 ? `a decimal of ${digits} digits` : `decimal ${unscaled}e-${scale}`;
}

/** A decimal read under the writer's scale; its value never changes, its scale is raised to the reader's. */
export function decimalFromUnscaled(unscaled: bigint, written: number, wanted: number): Decimal {
  if (written >= wanted || wanted > maxScale) return { unscaled, scale: written };
  return { unscaled: unscaled * 10n ** BigInt(wanted - written), scale: wanted };
}

/** A bigint in two's complement of a given size; null when it does not fit. */
export function fixedFromBigint(value: bigint, size: number): Buffer | null {
  const bytes = bytesFromBigint(value);
  if (bytes.length > size) return null;
  const fixed = Buffer.alloc(size, value < 0n ? 0xff : 0);
  fixed.set(bytes, size - bytes.length);
  return fixed;
}
