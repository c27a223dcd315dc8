import { createPool } from "@tidemark/schema-registry/postgres";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTables } from "../../support/describe-tables.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const tables = [
  "store",
  "event_types",
  "event_schemas",
  "streams",
  "events",
  "idempotency_records",
  "erasures",
  "stream_metadata",
  "scheduled_erasures",
];

describe("the stored layout", () => {
  test("is the one that every version reads", async () => {
    const layout = await describeTables(pool, "tidemark", tables);
    await expect(layout).toMatchFileSnapshot("../../snapshots/event-store.txt");
  });

  test("has an id that stays", async () => {
    const ids: string[] = [];
    for (let opening = 0; opening < 2; opening += 1) {
      await using store = new PostgresEventStore({ connectionString: database.connectionString });
      await store.open();
      ids.push(store.storeId);
    }
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[1]).toBe(ids[0]);
  });

  test("of a newer framework is refused", async () => {
    await pool.query("update tidemark.store set format = 2");
    await using store = new PostgresEventStore({ connectionString: database.connectionString });
    await expect(store.open()).rejects.toMatchObject({
      code: "store-newer",
      message: expect.stringContaining("format 2"),
    });
    await pool.query("update tidemark.store set format = 1");
  });
});
