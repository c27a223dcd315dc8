import { formatConsistencyToken } from "@tidemark/framework";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, expectedAccounts } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterAll(() => database.drop());

const fold = accountsFold(1);
const columns = ["account_id", "owner", "cents", "moves"] as const;

describe("a read model of either form", () => {
  test("equals what its events say, before and after the start", async () => {
    await using bank = await Bank.open(database.connectionString);
    const history = bankHistory(2_000);
    await bank.append(history.slice(0, 1_500));
    const supervisor = bank.supervisor([fold, accountsHandlers]);
    await supervisor.start();
    await supervisor.whenReady();
    const position = await bank.append(history.slice(1_500));

    const consistencyToken = formatConsistencyToken(bank.eventStore.storeId, position);
    const folded = await supervisor.query(fold, { consistencyToken });
    const handled = await supervisor.query(accountsHandlers, { consistencyToken });
    const expected = expectedAccounts(history);
    expect(await folded.db.selectFrom("accounts").select(columns).orderBy("account_id").execute()).toEqual(
      expected,
    );
    expect(await handled.db.selectFrom("accounts").select(columns).orderBy("account_id").execute()).toEqual(
      expected,
    );
    expect(folded.state).toBe("current");
    expect(folded.positions).toEqual([{ partition: 0, position: expect.any(BigInt) }]);
  });
});
