import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, expectedAccounts } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let bank: Bank;
beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterAll(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

test("neither the size of batches nor the rows in memory change what a read model says", async () => {
  const fold = accountsFold(1);
  const both = [fold, accountsHandlers] as const;
  const history = bankHistory(400, { accounts: 15 });
  await bank.append(history);
  const expected = expectedAccounts(history);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom(...both),
      async (pageSize, maxCachedRows, projection) => {
        await using supervisor = bank.supervisor(both, { pageSize, maxCachedRows });
        await supervisor.rebuild(projection.name);
        const { db } = await supervisor.query(projection);
        const rows = await db
          .selectFrom("accounts")
          .select(["account_id", "owner", "cents", "moves"])
          .orderBy("account_id")
          .execute();
        expect(rows).toEqual(expected);
      },
    ),
    { numRuns: 15 },
  );
});
