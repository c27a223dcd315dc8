import { createPool } from "@tidemark/schema-registry/postgres";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partitionHash } from "../../../packages/framework/src/subscription/partition-hash.ts";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
  store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

describe("the partition hash", () => {
  test("is the same for ever", () => {
    expect(["", "abc", "ü", "\0account-1", "tenant\0account-1"].map(partitionHash)).toMatchInlineSnapshot(`
      [
        43838,
        7369,
        49501,
        21742,
        60512,
      ]
    `);
  });

  test("is the same in SQL", async () => {
    const keys = fc.sample(fc.string({ unit: "grapheme" }), 200).concat("", "\0account-1", "\u{1f600}");
    const { rows } = await pool.query<{ hash: number }>(
      "select tidemark.partition_hash(key) as hash from unnest($1::bytea[]) with ordinality k(key, place) order by place",
      [keys.map((key) => Buffer.from(key))],
    );
    expect(rows.map(({ hash }) => hash)).toEqual(keys.map(partitionHash));
  });

  test("is stored with the stream, over tenant, zero byte and name", async () => {
    await store.append("account-ü", sampleEvents(1));
    await store.append("account-1", sampleEvents(1), { tenant: "acme" });
    const { rows } = await pool.query(
      "select stream_id, stream_hash, category from tidemark.streams order by 1",
    );
    expect(rows).toEqual([
      { stream_id: "account-1", stream_hash: partitionHash("acme\0account-1"), category: "account" },
      { stream_id: "account-ü", stream_hash: partitionHash("\0account-ü"), category: "account" },
    ]);
  });

  test("spreads keys that differ little over any number of ranges", () => {
    for (const ranges of [2, 3, 8, 16]) {
      const counts = Array<number>(ranges).fill(0);
      for (let n = 0; n < 1_600; n += 1) {
        const range = Math.floor((partitionHash(`account-${n}`) * ranges) / 65_536);
        counts[range] = (counts[range] ?? 0) + 1;
      }
      const fair = 1_600 / ranges;
      for (const count of counts) expect(Math.abs(count - fair)).toBeLessThan(fair * 0.35);
    }
  });
});
