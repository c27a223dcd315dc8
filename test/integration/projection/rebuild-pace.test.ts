import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, expectedAccounts } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

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

const fold = accountsFold(1);

describe("a rebuild with a pace", () => {
  test.each([fold, accountsHandlers])("reads no faster than it may: $name", async (projection) => {
    const history = bankHistory(600, { accounts: 15 });
    await bank.append(history);
    await using supervisor = bank.supervisor([projection]);
    const start = performance.now();
    await supervisor.rebuild(projection.name, { eventsPerSecond: 600 });
    expect(performance.now() - start).toBeGreaterThan(800);
    const { db } = await supervisor.query<typeof fold | typeof accountsHandlers>(projection);
    const rows = await db
      .selectFrom("accounts")
      .select(["account_id", "owner", "cents", "moves"])
      .orderBy("account_id")
      .execute();
    expect(rows).toEqual(expectedAccounts(history));
  });

  test("goes as fast as it can once it may, and serves live events at once", async () => {
    await bank.append(bankHistory(2_000, { accounts: 15 }));
    await using supervisor = bank.supervisor([fold], { rebuildRate: 10 });
    await supervisor.start();
    expect(supervisor.ready).toBe(false);
    expect(await supervisor.throttle("accounts", null)).toBe(true);
    await supervisor.whenReady({ signal: AbortSignal.timeout(10_000) });
    expect(await supervisor.throttle("accounts", 10)).toBe(false);
    // At 10 a second these would take 40 s.
    const live = bankHistory(400, { accounts: 15, seed: 2 });
    const position = await bank.append(live);
    const { positions } = await supervisor.query(fold, {
      consistencyToken: `v1.${bank.eventStore.storeId}.${position}`,
    });
    expect(positions[0]?.position).toBeGreaterThanOrEqual(position);
  });

  test("ends at once when it is closed", async () => {
    await bank.append(bankHistory(500, { accounts: 15 }));
    const supervisor = bank.supervisor([fold], { rebuildRate: 0.01 });
    await supervisor.start();
    const start = performance.now();
    await supervisor.close();
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("is refused when it is none", async () => {
    await using supervisor = bank.supervisor([fold]);
    await expect(supervisor.rebuild("accounts", { eventsPerSecond: 0 })).rejects.toThrow(
      "eventsPerSecond is 0: give a number above 0",
    );
    expect(await bank.store.builds()).toEqual([]);
  });
});
