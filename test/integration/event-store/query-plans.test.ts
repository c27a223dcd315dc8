import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  positionsPageText,
  rangePageText,
  streamPositionsText,
  typePositionsText,
} from "../../../packages/framework/src/postgres/event-store/log-query.ts";
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

/** The plan of a query on a connection that is set up like the store's. */
async function planOf(text: string): Promise<string> {
  await pool.query("set enable_seqscan = off");
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`explain (costs off) ${text}`);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

/** Sequential scans of the store's big tables so far. Sessions report them when they end, and this one when it is told. */
async function sequentialScans(): Promise<bigint[]> {
  await expect
    .poll(
      async () => {
        const { rows } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and application_name like 'tidemark%'",
        );
        return rows.length;
      },
      { timeout: 10_000 },
    )
    .toBe(0);
  await pool.query("select pg_stat_force_next_flush()");
  const { rows } = await pool.query<{ seq_scan: bigint }>(
    "select seq_scan from pg_stat_user_tables where relname in ('events', 'streams', 'idempotency_records') order by relname",
  );
  return rows.map((row) => row.seq_scan);
}

describe("the plan of each hot read", () => {
  test.each([false, true])("a page of a stream, backwards: %s", async (backwards) => {
    const client = await pool.connect();
    const fetched = async () => {
      const { rows } = await client.query<{ idx_tup_fetch: bigint; seq_scan: bigint }>(
        "select idx_tup_fetch, seq_scan from pg_stat_xact_user_tables where relname = 'events'",
      );
      return { rows: Number(rows[0]?.idx_tup_fetch), scans: Number(rows[0]?.seq_scan) };
    };
    await client.query("begin");
    const before = await fetched();
    const first = backwards ? 15 : 5;
    const { rowCount } = await client.query(
      `select * from tidemark.read_stream('', 'account-5', ${first}, ${backwards}, 10, 1000000)`,
    );
    const after = await fetched();
    await client.query("rollback");
    client.release();
    expect(rowCount).toBe(10);
    expect({ rows: after.rows - before.rows, scans: after.scans - before.scans }).toEqual({
      rows: 10,
      scans: 0,
    });
  });

  const query = {
    schema: "tidemark",
    backwards: false,
    tenant: "",
    otherTenants: false,
    typeNos: null,
    categories: null,
  };
  test.each([
    query,
    { ...query, backwards: true },
    { ...query, typeNos: [1] },
    { ...query, categories: ["account"] },
    { ...query, otherTenants: true, typeNos: [1], categories: ["account"] },
  ])("a stretch of the log: %o", async (wanted) => {
    const range = wanted.backwards ? { after: 2000n, to: 1000n } : { after: 0n, to: 1000n };
    const plan = await planOf(rangePageText(wanted, range, 100));
    expect(plan).toContain(`Index Scan ${wanted.backwards ? "Backward " : ""}using events_pkey`);
    if (wanted.categories !== null) expect(plan).toContain("using streams_pkey");
    expect(plan).not.toContain("Seq Scan");
  });

  test("the places of sparse types and of sparse categories, and what stands there", async () => {
    const range = { after: 0n, to: 2000n };
    const types = await planOf(typePositionsText({ ...query, typeNos: [1, 2] }, range, 100));
    expect(types).toContain("using events_type_no_position");
    const streams = await planOf(streamPositionsText({ ...query, categories: ["account"] }, 10, 100));
    expect(streams).toContain("using streams_tenant_category");
    expect(streams).toMatch(/events_stream_no_/);
    const events = await planOf(positionsPageText(query, [1n, 50n]));
    expect(events).toContain("events_pkey");
    for (const plan of [types, streams, events]) expect(plan).not.toContain("Seq Scan");
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
    for await (const _event of store.readStream("account-5", { direction: "backwards" })) continue;
    for await (const _page of store.readAll({ direction: "backwards" })) continue;
    await store.eventsAt([1n, 5n]);
    await store.setStreamMetadata("account-5", { maxCount: 1 });
    await store.streamMetadata("account-5");
    await store.deleteStream("account-5");
    await store.eraseStream("account-6", { requestedBy: "officer", reason: "request" });
    for await (const _page of store.readAll({ filter: { categories: ["account"] } })) continue;
    await store.close();
    expect(await sequentialScans()).toEqual(before);
  });
});
