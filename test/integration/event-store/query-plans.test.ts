import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLogStatement } from "../../../packages/framework/src/postgres/event-store/read-log.ts";
import { readStreamStatement } from "../../../packages/framework/src/postgres/event-store/read-stream.ts";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
  await using store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
  for (let n = 0; n < 100; n += 1) await store.append(`account-${n}`, sampleEvents(20));
  await pool.query("vacuum analyze");
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** The plan that a connection of the store keeps for a prepared statement. */
async function keptPlan(text: string): Promise<string> {
  const parameters = new Set(text.match(/\$\d/g)).size;
  const values = Array(parameters).fill("null").join(", ");
  await pool.query(
    `set enable_seqscan = off; set plan_cache_mode = force_generic_plan; prepare kept as ${text}`,
  );
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`explain (costs off) execute kept (${values})`);
  await pool.query("deallocate kept");
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

/** Sequential scans of the store's big tables so far; sessions report them when they end. */
async function sequentialScans(): Promise<bigint[]> {
  const { rows } = await pool.query<{ seq_scan: bigint }>(
    "select seq_scan from pg_stat_user_tables where relname in ('events', 'streams', 'idempotency_records') order by relname",
  );
  return rows.map((row) => row.seq_scan);
}

describe("the plan of each hot read", () => {
  test.each(["forwards", "backwards"] as const)("a stream %s", async (direction) => {
    const plan = await keptPlan(readStreamStatement("tidemark", direction));
    expect(plan).toContain("using streams_tenant_stream_id");
    expect(plan).toMatch(
      direction === "forwards"
        ? /Index Scan using events_stream_no_revision/
        : /Index Scan Backward using events_stream_no_revision/,
    );
    expect(plan).not.toContain("Seq Scan");
  });

  test.each([
    { types: false, categories: false },
    { types: true, categories: false },
    { types: false, categories: true },
    { types: true, categories: true },
  ])("the log, filtered by %o", async (filter) => {
    const plan = await keptPlan(readLogStatement("tidemark", filter));
    expect(plan).toContain("Index Scan using events_pkey");
    expect(plan).toContain("using streams_pkey");
    expect(plan).not.toContain("Seq Scan");
  });

  test("no operation scans a table from end to end", async () => {
    const before = await sequentialScans();
    const store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
    const identity = { tenant: "", principal: "p", key: "k" };
    const idempotency = { identity, requestHash: Buffer.alloc(32), body: Buffer.alloc(0), timeToLiveMs: 1 };
    await store.append("account-new", sampleEvents(2), { idempotency });
    for (let n = 0; n < 10; n += 1) await store.append(`account-${n}`, sampleEvents(2));
    await store.findIdempotencyRecord(identity);
    await store.eventIdAt(5n);
    for await (const _event of store.readStream("account-5")) continue;
    for await (const _page of store.readAll({ filter: { categories: ["account"] } })) continue;
    await store.close();
    await expect
      .poll(async () => {
        const { rows } = await pool.query(
          "select from pg_stat_activity where application_name like 'tidemark%'",
        );
        return rows.length;
      })
      .toBe(0);
    expect(await sequentialScans()).toEqual(before);
  });
});
