import { defineAggregate, defineEvent, DomainError, type EventData } from "@tidemark/framework";
import { formatDecimal, parseDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import { z } from "zod";
import { signedAmount } from "./amount.ts";
import { add, negate, zero } from "./exact-decimal.ts";
import { commodity, line } from "./names.ts";

/** Accounts that the trial balance makes itself: an entry that posted to them would blur what they say. */
const reservedAccounts = ["accounts:", "external:", "conversion:"] as const;

const decimal = { type: "bytes", logicalType: "big-decimal" } as const;

export const JournalEntryRecorded = defineEvent({
  type: "record",
  name: "JournalEntryRecorded",
  namespace: "ledger",
  fields: [
    { name: "date", type: { type: "int", logicalType: "date" } },
    { name: "description", type: "string" },
    {
      name: "postings",
      type: {
        type: "array",
        items: {
          type: "record",
          name: "Posting",
          fields: [
            { name: "account", type: "string" },
            { name: "amount", type: decimal },
            { name: "currency", type: "string" },
            {
              name: "cost",
              doc: "The whole posting's cost, with the sign of its amount",
              type: [
                "null",
                {
                  type: "record",
                  name: "Cost",
                  fields: [
                    { name: "amount", type: decimal },
                    { name: "currency", type: "string" },
                  ],
                },
              ],
              default: null,
            },
          ],
        },
      },
    },
  ],
});

const posting = z.object({
  account: line(255)
    .min(1, { error: "must not be empty" })
    .refine((account) => !reservedAccounts.some((prefix) => account.startsWith(prefix)), {
      error: `must not start with ${reservedAccounts.join(", ")}: the ledger posts to these itself`,
    }),
  amount: signedAmount,
  currency: commodity,
  cost: z
    .object({ amount: signedAmount, currency: commodity })
    .nullish()
    .transform((cost) => cost ?? null),
});

type PostingInput = z.output<typeof posting>;
type Posting = EventData<typeof JournalEntryRecorded>["postings"][number];
type State = { readonly recorded: boolean };

/** An entry of the general journal: recorded once, balanced at cost in every currency, never changed. */
export const JournalEntry = defineAggregate({
  name: "journal_entry",
  events: [JournalEntryRecorded],
  initialState: (): State => ({ recorded: false }),
})
  .evolve({ JournalEntryRecorded: () => ({ recorded: true }) })
  .commands({
    record: {
      input: z.object({
        date: z.iso.date({ error: "must be a day as YYYY-MM-DD" }),
        description: line(1_000),
        postings: z
          .array(posting)
          .min(1, { error: "must hold at least one posting" })
          .max(1_000, { error: "must hold at most 1,000 postings" }),
      }),
      decide: (state, input, { id }) => {
        if (state.recorded) {
          throw new DomainError("entry-already-recorded", `The entry ${id} is already recorded`, {
            kind: "conflict",
          });
        }
        const postings = input.postings.map(toPosting);
        checkBalance(postings);
        return JournalEntryRecorded({ ...input, postings });
      },
    },
  });

function toPosting({ account, amount: text, currency, cost }: PostingInput): Posting {
  const amount = parseDecimal(text);
  if (cost === null) return { account, amount, currency, cost };
  if (cost.currency !== currency) return { account, amount, currency, cost: signedCost(amount, cost) };
  throw new DomainError(
    "currency-mismatch",
    `The posting to ${account} has its cost in its own currency ${currency}: name another, or leave it out`,
  );
}

/** `-10 A` at a cost of 7 B gives away 7 B: the cost takes the sign of what it buys, whichever way it was written. */
function signedCost(amount: Decimal, cost: NonNullable<PostingInput["cost"]>): Posting["cost"] {
  const total = parseDecimal(cost.amount);
  const opposite = amount.unscaled < 0n !== total.unscaled < 0n;
  return { amount: opposite ? negate(total) : total, currency: cost.currency };
}

function checkBalance(postings: readonly Posting[]): void {
  const sums = new Map<string, Decimal>();
  for (const { amount, currency, cost } of postings) {
    const counted = cost ?? { amount, currency };
    sums.set(counted.currency, add(sums.get(counted.currency) ?? zero, counted.amount));
  }
  const off = [...sums].filter(([, sum]) => sum.unscaled !== 0n);
  if (off.length === 0) return;
  const shown = off.slice(0, 5).map(([currency, sum]) => `${formatDecimal(sum)} ${currency}`);
  throw new DomainError(
    "entry-not-balanced",
    `The postings, at cost, must sum to zero in each currency; they are off by ${shown.join(", ")}`,
  );
}
