import type { EventData } from "@tidemark/framework";
import type { Decimal } from "@tidemark/schema-registry/avro";
import { negate } from "./exact-decimal.ts";
import type { JournalEntryRecorded } from "./journal-entry.ts";

/** A line of the general ledger, which covers the bank's accounts and the journal; each set of them sums to zero. */
export interface GeneralPosting {
  readonly account: string;
  readonly currency: string;
  readonly amount: Decimal;
}

/** Money that enters or leaves an account of the bank comes from or goes to the outside. */
export function movementPostings(
  accountId: string,
  currency: string,
  amount: Decimal,
): readonly GeneralPosting[] {
  return [
    { account: bankAccount(accountId), currency, amount },
    { account: `external:${currency}`, currency, amount: negate(amount) },
  ];
}

/** An account of the bank, as the general ledger names it. */
export function bankAccount(accountId: string): string {
  return `accounts:${accountId}`;
}

/** Each posting in its own commodity; one with a cost is balanced there, and its cost carried, by a conversion account. */
export function entryPostings({
  postings,
}: EventData<typeof JournalEntryRecorded>): readonly GeneralPosting[] {
  return postings.flatMap(({ account, amount, currency, cost }) => {
    const own = { account, currency, amount };
    if (cost === null) return [own];
    const conversion = `conversion:${currency}`;
    return [
      own,
      { account: conversion, currency, amount: negate(amount) },
      { account: conversion, currency: cost.currency, amount: cost.amount },
    ];
  });
}
