import { PostgresEventStore } from "@tidemark/framework/postgres";
import { eventStoreContract } from "@tidemark/framework/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

let database: TestDatabase;
let schemas = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function makeStore(options: { wakeup?: "listen" | "poll"; preparedStatements?: boolean } = {}) {
  schemas += 1;
  const store = new PostgresEventStore({
    connectionString: database.connectionString,
    schema: `store ${schemas}`,
    ...options,
  });
  await store.open();
  return store;
}

eventStoreContract({ describe, it }, "PostgreSQL", () => makeStore());
eventStoreContract({ describe, it }, "PostgreSQL behind a transaction pooler", () =>
  makeStore({ wakeup: "poll", preparedStatements: false }),
);
