import { formatDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, zero } from "../../../examples/ledger/src/domain/exact-decimal.ts";
import {
  entryPostings,
  movementPostings,
  type GeneralPosting,
} from "../../../examples/ledger/src/domain/general-postings.ts";
import { JournalEntry } from "../../../examples/ledger/src/domain/journal-entry.ts";

const commodity = fc.constantFrom("EUR", "USD", "ACME", "$", "toString");
const amount = fc
  .record({
    unscaled: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    scale: fc.integer({ min: 0, max: 12 }),
  })
  .map(formatDecimal);

const leg = fc.record({
  account: fc.constantFrom("assets:cash", "assets:shares", "income", "expenses:food"),
  amount,
  currency: commodity,
  cost: fc.option(fc.record({ amount, currency: commodity }), { nil: null }),
});

function decimalOf(text: string): Decimal {
  const [whole = "", fraction = ""] = text.split(".");
  return { unscaled: BigInt(whole + fraction), scale: fraction.length };
}

function opposite(text: string): string {
  const { unscaled, scale } = decimalOf(text);
  return formatDecimal({ unscaled: -unscaled, scale });
}

/** Random legs, completed by one posting a currency so that the entry balances at cost. */
const balancedEntry = fc.array(leg, { minLength: 1, maxLength: 8 }).map((legs) => {
  const sound = legs.map((each) => (each.cost?.currency === each.currency ? { ...each, cost: null } : each));
  const sums = new Map<string, Decimal>();
  for (const { amount: own, currency, cost } of sound) {
    const negative = own.startsWith("-");
    const total = cost?.amount ?? own;
    const counted = cost !== null && negative !== total.startsWith("-") ? opposite(total) : total;
    const key = cost?.currency ?? currency;
    sums.set(key, add(sums.get(key) ?? zero, decimalOf(counted)));
  }
  const rest = [...sums].map(([currency, sum]) => {
    return {
      account: "equity",
      amount: formatDecimal({ ...sum, unscaled: -sum.unscaled }),
      currency,
      cost: null,
    };
  });
  return { date: "2026-11-20", description: "", postings: [...sound, ...rest] };
});

function sums(postings: readonly GeneralPosting[]): Map<string, Decimal> {
  const found = new Map<string, Decimal>();
  for (const posting of postings) {
    found.set(posting.currency, add(found.get(posting.currency) ?? zero, posting.amount));
  }
  return found;
}

function isZeroEverywhere(postings: readonly GeneralPosting[]): boolean {
  return [...sums(postings).values()].every(({ unscaled }) => unscaled === 0n);
}

describe("the general ledger", () => {
  test("whatever entry is accepted, its postings sum to zero in every currency", () => {
    const { input, decide } = JournalEntry.commands.record;
    fc.assert(
      fc.property(balancedEntry, (entry) => {
        const parsed = input.parse(entry);
        const events = [decide({ recorded: false }, parsed, { id: "e", revision: null })].flat();
        const postings = events.flatMap(({ data }) => entryPostings(data));
        expect(postings.length).toBeGreaterThanOrEqual(entry.postings.length);
        expect(isZeroEverywhere(postings)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("a movement of the bank comes from or goes to the outside", () => {
    expect(movementPostings("7", "EUR", { unscaled: 1_050n, scale: 2 })).toEqual([
      { account: "accounts:7", currency: "EUR", amount: { unscaled: 1_050n, scale: 2 } },
      { account: "external:EUR", currency: "EUR", amount: { unscaled: -1_050n, scale: 2 } },
    ]);
  });

  test("a posting with a cost stays in its commodity, and the conversion account takes it for its cost", () => {
    const cost = { amount: { unscaled: -142n, scale: 2 }, currency: "USD" };
    const shares = { account: "shares", amount: { unscaled: -2n, scale: 0 }, currency: "ACME" };
    const cash = { account: "cash", amount: { unscaled: 142n, scale: 2 }, currency: "USD" };
    const postings = [
      { ...shares, cost },
      { ...cash, cost: null },
    ];
    expect(entryPostings({ date: "2026-11-20", description: "", postings })).toEqual([
      shares,
      { account: "conversion:ACME", currency: "ACME", amount: { unscaled: 2n, scale: 0 } },
      { account: "conversion:ACME", currency: "USD", amount: cost.amount },
      cash,
    ]);
  });
});
