import type { Decimal } from "@tidemark/schema-registry/avro";

/** The most digits of an amount, and the most of them behind the point. */
export const maxDigits = 38;

export const zero: Decimal = { unscaled: 0n, scale: 0 };

const limit = 10n ** BigInt(maxDigits);

/** Whether the ledger can hold this amount. */
export function fitsLedger({ unscaled, scale }: Decimal): boolean {
  return scale <= maxDigits && unscaled < limit && unscaled > -limit;
}

function rescale({ unscaled, scale }: Decimal, target: number): bigint {
  return target === scale ? unscaled : unscaled * 10n ** BigInt(target - scale);
}

/** The exact sum, at the larger of both scales. */
export function add(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return { unscaled: rescale(left, scale) + rescale(right, scale), scale };
}

/** The exact product. Zeros at its end are dropped down to `minScale`. */
export function multiply(left: Decimal, right: Decimal, minScale: number): Decimal {
  let unscaled = left.unscaled * right.unscaled;
  let scale = left.scale + right.scale;
  while (scale > minScale && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return { unscaled, scale };
}

export function negate({ unscaled, scale }: Decimal): Decimal {
  return { unscaled: -unscaled, scale };
}
