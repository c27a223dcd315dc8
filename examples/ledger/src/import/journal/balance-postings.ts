import { formatDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import { add, negate, zero } from "../../domain/exact-decimal.ts";
import type { CommodityAmount, EntryPosting } from "../source-record.ts";
import { absorbRounding, type Residue } from "./absorb-rounding.ts";
import { requireFits } from "./journal-amount.ts";
import type { JournalPosting } from "./journal-posting.ts";
import { JournalSyntaxError } from "./journal-syntax-error.ts";

const shownResidues = 5;

/** What each commodity, at cost, sums to; those that sum to zero are left out. In order of appearance. */
function sumAtCost(postings: readonly JournalPosting[]): Residue[] {
  const sums = new Map<string, Decimal>();
  for (const { amount, cost } of postings) {
    const moved = cost ?? amount;
    if (moved !== null) sums.set(moved.commodity, add(sums.get(moved.commodity) ?? zero, moved.amount));
  }
  return [...sums].filter(([, sum]) => sum.unscaled !== 0n);
}

function opposite([commodity, sum]: Residue): CommodityAmount {
  const amount = negate(sum);
  requireFits(amount, "The amount to infer");
  return { amount, commodity };
}

/**
 * Two commodities without a cost are a conversion, as in `assets:usd $-100` and `assets:eur 90 EUR`: one side's total
 * is the other's cost. Only a side with one posting has an exact cost; the first such side gets it.
 */
function inferCost(
  postings: readonly JournalPosting[],
  residues: readonly Residue[],
): JournalPosting[] | null {
  const [first, second] = residues;
  if (first === undefined || second === undefined || residues.length > 2) return null;
  if (postings.some((posting) => posting.cost !== null)) return null;
  if (first[1].unscaled > 0n === second[1].unscaled > 0n) return null;
  for (const [side, other] of [[first, second] as const, [second, first] as const]) {
    const ofSide = postings.filter(
      ({ amount }) => amount?.commodity === side[0] && amount.amount.unscaled !== 0n,
    );
    if (ofSide.length === 1) {
      return postings.map((posting) =>
        posting === ofSide[0] ? { ...posting, cost: opposite(other) } : posting,
      );
    }
  }
  return null;
}

function describe(residues: readonly Residue[]): string {
  const shown = residues
    .slice(0, shownResidues)
    .map(([commodity, sum]) => `${formatDecimal(sum)} ${commodity}`);
  return shown.join(", ") + (residues.length > shownResidues ? ", ..." : "");
}

function balanceGroup(group: readonly JournalPosting[]): readonly JournalPosting[] {
  const [missing, second] = group.filter((posting) => posting.amount === null);
  if (second !== undefined) {
    throw new JournalSyntaxError("A second posting without an amount: only one can be inferred", second.line);
  }
  const residues = sumAtCost(group);
  if (missing !== undefined) {
    return group.flatMap((posting) =>
      posting === missing ? residues.map((each) => ({ ...posting, amount: opposite(each) })) : [posting],
    );
  }
  if (residues.length === 0) return group;
  const converted = inferCost(group, residues) ?? absorbRounding(group, residues);
  if (converted !== null) return converted;
  throw new JournalSyntaxError(`The postings do not sum to zero: ${describe(residues)} is left over`);
}

/**
 * Infers the missing amount and proves that the postings sum to exactly zero in each commodity, at cost.
 * `[account]` postings balance among themselves, `(account)` postings are left out, and so is a posting of zero.
 */
export function balancePostings(postings: readonly JournalPosting[]): EntryPosting[] {
  const real = balanceGroup(postings.filter(({ kind }) => kind === "real"));
  const balanced = balanceGroup(postings.filter(({ kind }) => kind === "balanced"));
  return [...real, ...balanced].flatMap(({ account, amount, cost }) =>
    amount === null || amount.amount.unscaled === 0n ? [] : [{ account, ...amount, cost }],
  );
}
