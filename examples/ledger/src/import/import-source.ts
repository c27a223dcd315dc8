import { DomainError, TidemarkError, type Application, type CommandResult } from "@tidemark/framework";
import { formatDecimal } from "@tidemark/schema-registry/avro";
import { v5 as uuidV5 } from "uuid";
import type { LedgerAggregates } from "../app.ts";
import { Account } from "../domain/account.ts";
import { JournalEntry } from "../domain/journal-entry.ts";
import type { EntryRecord, SourceRecord, TransactionRecord } from "./source-record.ts";

export interface ImportSummary {
  /** Records that this run wrote. */
  imported: number;
  /** Records that an earlier run had written. */
  alreadyRecorded: number;
  /** Accounts that were opened for their first transaction. */
  accountsOpened: number;
  /** Records that could not be understood or that the ledger refused. */
  problems: number;
  /** What moves no money, counted by directive. */
  skipped: Record<string, number>;
}

export interface ImportOptions {
  readonly application: Application<LedgerAggregates>;
  readonly records: AsyncIterable<SourceRecord>;
  readonly onProblem: (line: number, reason: string) => void;
  /** Called after each record; once more when everything that had begun has ended. */
  readonly onProgress?: (summary: Readonly<ImportSummary>) => void;
  readonly signal?: AbortSignal;
}

/** Commands under way at once. Those of one account keep their order: they queue by stream. */
const concurrency = 64;

/** What the bank's amounts are in; an account of the same id that holds another currency refuses them. */
const currency = "CZK";

const accountNamespace = uuidV5("tidemark-ledger/imported-account", uuidV5.URL);

/**
 * Sends every record through its aggregate's command. Event ids are made from the source records, so that a record
 * which is already there, from whichever run, changes nothing.
 *
 * @throws TidemarkError when the store fails, the signal's reason when it aborts, both after the commands that had
 * begun; what was imported so far stays, and the next run goes on behind it.
 */
export async function importSource(options: ImportOptions): Promise<ImportSummary> {
  const { application, records, onProblem, onProgress, signal } = options;
  const summary: ImportSummary = {
    imported: 0,
    alreadyRecorded: 0,
    accountsOpened: 0,
    problems: 0,
    skipped: {},
  };
  const seenAccounts = new Set<string>();
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];

  const report = (line: number, reason: string): void => {
    summary.problems += 1;
    onProblem(line, reason);
  };
  const start = (
    line: number,
    command: () => Promise<CommandResult>,
    count: "imported" | "accountsOpened",
  ): void => {
    const task = command()
      .then((result) => {
        if (!result.replayed) summary[count] += 1;
        else if (count === "imported") summary.alreadyRecorded += 1;
      })
      .catch((error: unknown) => {
        if (error instanceof DomainError) {
          if (count === "imported") report(line, error.message);
        } else if (error instanceof TidemarkError && !error.retryable) report(line, error.message);
        else failures.push(error);
      })
      .finally(() => running.delete(task));
    running.add(task);
  };

  try {
    for await (const record of records) {
      signal?.throwIfAborted();
      if (failures.length > 0) break;
      if (record.kind === "problem") report(record.line, record.reason);
      else if (record.kind === "skipped")
        summary.skipped[record.directive] = (summary.skipped[record.directive] ?? 0) + 1;
      else if (record.kind === "entry")
        start(record.line, () => recordEntry(application, record), "imported");
      else {
        const { accountId, line } = record;
        if (!seenAccounts.has(accountId)) {
          seenAccounts.add(accountId);
          start(line, () => openAccount(application, accountId), "accountsOpened");
        }
        start(line, () => move(application, record), "imported");
      }
      onProgress?.(summary);
      while (running.size >= concurrency) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
    onProgress?.(summary);
  }
  if (failures.length > 0) throw failures[0];
  return summary;
}

/** An account that somebody opened by other means is used as it is. */
function openAccount(application: Application<LedgerAggregates>, accountId: string): Promise<CommandResult> {
  const input = { owner: `account ${accountId}`, currency, overdraftLimit: null };
  return application.execute(Account, accountId, "open", input, {
    eventId: uuidV5(accountId, accountNamespace),
  });
}

function move(application: Application<LedgerAggregates>, record: TransactionRecord): Promise<CommandResult> {
  const { accountId, amount, reference, date, direction, sourceId } = record;
  const input = { amount: formatDecimal(amount), reference, currency, occurredOn: date };
  const command = direction === "credit" ? "deposit" : "withdraw";
  return application.execute(Account, accountId, command, input, { eventId: sourceId });
}

function recordEntry(
  application: Application<LedgerAggregates>,
  record: EntryRecord,
): Promise<CommandResult> {
  const { date, description, sourceId } = record;
  const postings = record.postings.map(({ account, amount, commodity, cost }) => ({
    account,
    amount: formatDecimal(amount),
    currency: commodity,
    cost: cost === null ? null : { amount: formatDecimal(cost.amount), currency: cost.commodity },
  }));
  return application.execute(
    JournalEntry,
    sourceId,
    "record",
    { date, description, postings },
    { eventId: sourceId },
  );
}
