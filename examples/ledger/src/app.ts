import { defineApplication } from "@tidemark/framework";
import { Account } from "./domain/account.ts";
import { JournalEntry } from "./domain/journal-entry.ts";
import { accounts } from "./projections/accounts.ts";
import { statement } from "./projections/statement.ts";
import { trialBalance } from "./projections/trial-balance.ts";

/** The ledger as plain definitions: importing this module connects to nothing. */
const ledger = defineApplication({
  name: "ledger",
  aggregates: [Account, JournalEntry],
  projections: [accounts, statement, trialBalance],
});

export type LedgerAggregates = (typeof ledger)["aggregates"];

export default ledger;
