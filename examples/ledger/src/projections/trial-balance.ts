import { defineFoldProjection, defineTable, numeric, text, type RowOf } from "@tidemark/framework";
import type { Decimal } from "@tidemark/schema-registry/avro";
import { AccountOpened, FundsDeposited, FundsWithdrawn } from "../domain/account-events.ts";
import { add, negate, zero } from "../domain/exact-decimal.ts";
import {
  bankAccount,
  entryPostings,
  movementPostings,
  type GeneralPosting,
} from "../domain/general-postings.ts";
import { JournalEntryRecorded } from "../domain/journal-entry.ts";

const table = defineTable(
  "trial_balance",
  { account: text(), currency: text(), balance: numeric() },
  { primaryKey: ["account", "currency"] },
);

type Row = RowOf<typeof table>;
type Key = Pick<Row, "account" | "currency">;

/** What every account of the general ledger holds in each currency; every currency sums to zero. */
export const trialBalance = defineFoldProjection({
  name: "trial-balance",
  version: 1,
  events: [AccountOpened, FundsDeposited, FundsWithdrawn, JournalEntryRecorded],
  table,
  keys: (event) => {
    switch (event.type) {
      case "AccountOpened":
        return [{ account: bankAccount(event.aggregateId), currency: event.data.currency }];
      case "JournalEntryRecorded":
        return keysOf(entryPostings(event.data));
      default:
        return keysOf(movementPostings(event.aggregateId, event.data.currency, event.data.amount));
    }
  },
  fold: {
    AccountOpened: (row, _, key) => row ?? { ...key, balance: zero },
    FundsDeposited: (row, { aggregateId, data }, key) =>
      post(row, key, movementPostings(aggregateId, data.currency, data.amount)),
    FundsWithdrawn: (row, { aggregateId, data }, key) =>
      post(row, key, movementPostings(aggregateId, data.currency, negate(data.amount))),
    JournalEntryRecorded: (row, { data }, key) => post(row, key, entryPostings(data)),
  },
});

function keysOf(postings: readonly GeneralPosting[]): readonly Key[] {
  const keys = new Map<string, Key>();
  for (const { account, currency } of postings)
    keys.set(JSON.stringify([account, currency]), { account, currency });
  return [...keys.values()];
}

function post(row: Row | undefined, key: Key, postings: readonly GeneralPosting[]): Row {
  let balance: Decimal = row?.balance ?? zero;
  for (const { account, currency, amount } of postings) {
    if (account === key.account && currency === key.currency) balance = add(balance, amount);
  }
  return { ...key, balance };
}
