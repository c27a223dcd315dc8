import { createApplication, defineApplication, TidemarkError, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, expect, test } from "vitest";
import { Account } from "../../../examples/ledger/src/domain/account.ts";
import { JournalEntry } from "../../../examples/ledger/src/domain/journal-entry.ts";
import { readBankCsv } from "../../../examples/ledger/src/import/bank-csv.ts";
import { importSource, type ImportOptions } from "../../../examples/ledger/src/import/import-source.ts";
import { withAppend } from "../framework/wallet.ts";

const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";
const transactions = 500;

let store: EventStore;

beforeEach(() => {
  store = inMemoryEventStore();
});

/** Five hundred credits of 1.00 to seven accounts, and one line that is no transaction. */
async function* file(): AsyncGenerator<string> {
  yield `${header}\n`;
  for (let number = 1; number <= transactions; number += 1)
    yield `${number};acc-${number % 7};930101;PRIJEM;VKLAD;1.00;0.00;;;\n`;
  yield "not a transaction\n";
}

async function importFile(options: Partial<ImportOptions> & { readonly into?: EventStore } = {}) {
  const { into = store, ...rest } = options;
  const definition = defineApplication({ name: "ledger", aggregates: [Account, JournalEntry] });
  const application = createApplication(definition, { storage: { eventStore: into }, registry: null });
  await application.start();
  return importSource({ application, records: readBankCsv(file()), onProblem: () => undefined, ...rest });
}

test("the same file twice changes nothing", async () => {
  const problems: number[] = [];
  expect(await importFile({ onProblem: (line) => problems.push(line) })).toEqual({
    imported: transactions,
    alreadyRecorded: 0,
    accountsOpened: 7,
    problems: 1,
    skipped: {},
  });
  expect(problems).toEqual([transactions + 2]);
  const head = await store.head();
  expect(await importFile()).toMatchObject({ imported: 0, alreadyRecorded: transactions, accountsOpened: 0 });
  expect(await store.head()).toBe(head);
});

test("an abort ends it when what had begun has ended, and the next run does the rest", async () => {
  const stop = new AbortController();
  let imported = 0;
  const run = importFile({
    signal: stop.signal,
    onProgress: (summary) => {
      ({ imported } = summary);
      if (imported > 100) stop.abort(new Error("Ctrl-C"));
    },
  });
  await expect(run).rejects.toThrow("Ctrl-C");
  expect(imported).toBeLessThan(transactions);
  expect(await store.head()).toBe(BigInt(imported + 7));
  expect(await importFile()).toMatchObject({
    imported: transactions - imported,
    alreadyRecorded: imported,
  });
});

test("a store that fails ends it with that failure, and nothing is left running", async () => {
  let running = 0;
  const failing = withAppend(store, async (...call) => {
    running += 1;
    try {
      if ((await store.head()) > 200n) throw new TidemarkError("store-unavailable", "The database is gone.");
      return await store.append(...call);
    } finally {
      running -= 1;
    }
  });
  await expect(importFile({ into: failing })).rejects.toMatchObject({ code: "store-unavailable" });
  expect(running).toBe(0);
  const before = Number(await store.head()) - 7;
  expect(await importFile()).toMatchObject({ imported: transactions - before, alreadyRecorded: before });
});
