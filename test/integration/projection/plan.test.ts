import { defineFoldProjection, defineTable, text } from "@tidemark/framework";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, Closed, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

const handled = (history: ReturnType<typeof bankHistory>) =>
  history.filter(({ event }) => event.type !== "Noted").length;

describe("the plan", () => {
  test("tells what a start would do, and does nothing", async () => {
    const history = bankHistory(1_000);
    await bank.append(history);
    const events = BigInt(handled(history));
    const fresh = await bank.supervisor([accountsFold(1), accountsHandlers]).plan();
    expect(fresh).toMatchObject([
      { projection: "accounts", version: 1, action: "build", activeVersion: null, estimatedEvents: events },
      { projection: "accounts-by-handlers", action: "build", estimatedEvents: events },
    ]);
    expect(await bank.store.builds()).toEqual([]);

    await bank.supervisor([accountsFold(1)]).rebuild("accounts");
    expect(await bank.supervisor([accountsFold(1)]).plan()).toMatchObject([
      { action: "none", activeVersion: 1, estimatedEvents: 0n },
    ]);
    expect(await bank.supervisor([accountsFold(2)]).plan()).toMatchObject([
      { version: 2, action: "build", activeVersion: 1, estimatedEvents: events },
    ]);

    await bank.supervisor([accountsFold(2)]).rebuild("accounts");
    const more = bankHistory(100, { seed: 2 });
    await bank.append(more);
    expect(await bank.supervisor([accountsFold(1)]).plan()).toMatchObject([
      { version: 1, action: "catch-up", activeVersion: 2, estimatedEvents: BigInt(handled(more)) },
    ]);
  });

  test("names the fields that changed without a new version", async () => {
    await bank.supervisor([accountsFold(1)]).rebuild("accounts");
    const changed = defineFoldProjection({
      name: "accounts",
      version: 1,
      events: [Opened, Closed],
      table: defineTable("accounts", { account_id: text(), owner: text() }, { primaryKey: ["account_id"] }),
      keys: (event) => event.aggregateId,
      fold: {
        Opened: (_row, { data }, account_id) => ({ account_id, owner: data.owner }),
        Closed: () => null,
      },
    });
    const [plan] = await bank.supervisor([changed]).plan();
    expect(plan?.action).toBe("refused");
    expect(plan?.changes.map(({ field }) => field)).toEqual([
      "events.bank.Moved",
      "table.columns.cents",
      "table.columns.moves",
      "table.indexes",
    ]);
  });

  test("estimates the events of a long log from samples", async () => {
    const history = bankHistory(40_000, { accounts: 20_000 });
    await bank.append(history);
    const [plan] = await bank.supervisor([accountsFold(1)]).plan();
    expect(Number(plan?.estimatedEvents) / handled(history)).toBeCloseTo(1, 1);
  });
});

describe("rebuilds", () => {
  test("wait for an operator when they are manual", async () => {
    await bank.append(bankHistory(100));
    const server = bank.supervisor([accountsFold(1)], { rebuilds: "manual" });
    await server.start();
    expect(await bank.store.builds()).toEqual([]);
    await expect(server.query(accountsFold(1))).rejects.toMatchObject({ code: "projection-rebuilding" });
    await bank.supervisor([accountsFold(1)]).rebuild("accounts");
    await server.whenReady();
    await expect(server.query(accountsFold(1))).resolves.toMatchObject({ state: "current" });
  });

  test("go at the pace that another process asks for", async () => {
    await bank.append(bankHistory(1_000));
    const server = bank.supervisor([accountsFold(1)], { rebuilds: "manual" });
    await server.start();
    const crawling = server.rebuild("accounts", { eventsPerSecond: 1 });
    await using node = await Bank.open(database.connectionString);
    const operator = node.supervisor([accountsFold(1)]);
    await waitFor(async () => (await operator.status())[0]?.builds[0]?.build.rateLimit === 1);
    expect(await operator.throttle("accounts", null)).toBe(true);
    expect(await crawling).toMatchObject({ status: "active" });
  }, 20_000);
});
