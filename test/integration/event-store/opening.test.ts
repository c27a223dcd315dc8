import { createApplication, defineApplication } from "@tidemark/framework";
import { PostgresEventStore, postgresStorage } from "@tidemark/framework/postgres";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../support/test-database.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";

test("a database that cannot be reached is said to be unavailable, and nothing is left open", async () => {
  const storage = postgresStorage({ database: "postgresql://127.0.0.1:1/none" });
  const application = createApplication(defineApplication({ name: "none", aggregates: [] }), {
    storage,
    registry: null,
  });
  await expect(application.start()).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  await application.close();
});

test.each(["localhost/ledger", "ledger", "", "http://localhost/ledger"])(
  "a connection string that is none is refused with what to write: %s",
  (connectionString) => {
    expect(() => new PostgresEventStore({ connectionString })).toThrow(
      "write postgresql://user:password@host:port/database",
    );
  },
);

test("opening twice at the same time opens once; what is closed is not opened again", async () => {
  const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
  const store = new PostgresEventStore({ connectionString });
  await Promise.all([store.open(), store.open()]);
  expect(store.storeId).toMatch(/^[0-9a-f-]{36}$/);
  await store.close();
  await expect(store.open()).rejects.toMatchObject({ code: "application-closed" });
  await drop();
});
