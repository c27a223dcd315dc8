import type { Decimal } from "@tidemark/schema-registry/avro";
import { add, negate } from "../../domain/exact-decimal.ts";
import type { JournalPosting } from "./journal-posting.ts";

/** What a commodity is off by. */
export type Residue = readonly [commodity: string, amount: Decimal];

/** The most digits behind the point of the amounts that are posted in this commodity; null when none is. */
function postedScale(postings: readonly JournalPosting[], commodity: string): number | null {
  const scales = postings.flatMap(({ amount }) =>
    amount?.commodity === commodity ? [amount.amount.scale] : [],
  );
  return scales.length === 0 ? null : Math.max(...scales);
}

function isBelowHalfUnit({ unscaled, scale }: Decimal, unitScale: number): boolean {
  if (scale <= unitScale) return unscaled === 0n;
  const doubled = 2n * (unscaled < 0n ? -unscaled : unscaled);
  return doubled < 10n ** BigInt(scale - unitScale);
}

/**
 * `12.345 VTI @ $203.4567` costs $2511.6729615, and the bank took $2511.67. hledger and Ledger accept this entry: they
 * check to the digits of the amounts that are posted. Here every entry must sum to exactly zero, so the total of the
 * cost becomes what was paid; no posted amount changes. Null when a residue is more than such a rounding.
 */
export function absorbRounding(
  postings: readonly JournalPosting[],
  residues: readonly Residue[],
): readonly JournalPosting[] | null {
  const absorbed = [...postings];
  for (const [commodity, residue] of residues) {
    const scale = postedScale(postings, commodity);
    if (scale === null || !isBelowHalfUnit(residue, scale)) return null;
    const place = absorbed.findIndex(({ cost }) => cost?.commodity === commodity);
    const posting = absorbed[place];
    if (posting?.cost == null) return null;
    const amount = add(posting.cost.amount, negate(residue));
    if (amount.unscaled === 0n || amount.unscaled > 0n !== posting.cost.amount.unscaled > 0n) return null;
    absorbed[place] = { ...posting, cost: { amount: trim(amount, scale), commodity } };
  }
  return absorbed;
}

function trim({ unscaled, scale }: Decimal, minScale: number): Decimal {
  return scale > minScale && unscaled % 10n === 0n
    ? trim({ unscaled: unscaled / 10n, scale: scale - 1 }, minScale)
    : { unscaled, scale };
}
