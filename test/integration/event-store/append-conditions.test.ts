import type { AppendCondition } from "@tidemark/framework";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const append = (streamId: string, conditions: AppendCondition[], type = "sample.Happened") =>
  store.append(streamId, sampleEvents(1, { type }), { conditions });

describe("an append with conditions", () => {
  test("sees what the appends before it did, though nobody waited for them", async () => {
    const after = await store.head();
    const filter = { types: ["condition.Before"] };
    const before = append("before-1", [], "condition.Before");
    const same = append("before-1", [], "condition.Before");
    const conditional = append("after-1", [{ filter, noEventAfter: after }]);
    const later = append("later-1", []);
    expect(await Promise.all([before, same, conditional, later])).toMatchObject([
      { status: "appended" },
      { status: "appended" },
      { status: "condition-failed", position: after + 1n },
      { status: "appended" },
    ]);
  });

  test("fails alone: those in its set are appended", async () => {
    const failing = [{ streamId: "nowhere-1", expectedRevision: 7n }] as const;
    const outcomes = await Promise.all([
      append("set-0", [...failing]),
      ...Array.from({ length: 20 }, (_, n) => append(`set-${n + 1}`, [])),
    ]);
    expect(outcomes[0]).toMatchObject({ status: "conflict", streamId: "nowhere-1", actual: null });
    expect(outcomes.slice(1).every(({ status }) => status === "appended")).toBe(true);
  });
});

describe("a condition on a long log", () => {
  let start = 0n;
  let rare = 0n;

  beforeAll(async () => {
    await append("filler-1", [], "sample.Filler");
    start = await store.head();
    await pool.query(`
      with s as (
        insert into tidemark.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
        select (select max(stream_no) from tidemark.streams) + n, 299, 0, '', 'filler-x' || n, 'filler'
        from generate_series(1, 100) n returning stream_no)
      insert into tidemark.events (position, event_id, stream_no, revision, type_no, event_version, schema_no,
        encoding, data, recorded_at, meta)
      select (select max(position) from tidemark.events) + row_number() over (), gen_random_uuid(), s.stream_no, n,
        (select type_no from tidemark.event_types where name = 'sample.Filler'), 1, 1, 0, '', clock_timestamp(), ''
      from s, generate_series(0, 299) n`);
    const outcome = await append("rare-1", [], "sample.Rare");
    if (outcome.status === "appended") rare = outcome.position ?? 0n;
    await pool.query("vacuum analyze tidemark.events");
    await pool.query("vacuum analyze tidemark.streams");
  });

  const categories = ["rare"];
  test.each([
    { filter: { types: ["sample.Rare"] }, most: 50 },
    { filter: { types: ["sample.Unused"] }, matches: false, most: 50 },
    { filter: { types: ["sample.Rare"], categories }, most: 50 },
    { filter: { types: ["sample.Rare"], categories: ["other"] }, matches: false, most: 50 },
    // A stretch of 10,000 events, each with its stream, then the streams of the category.
    { filter: { categories }, most: 20_500 },
    { filter: { categories: ["other"] }, matches: false, most: 20_500 },
  ])("reads little of it: $filter", async ({ filter, matches = true, most }) => {
    const found = await rowsRead(async (client) => {
      const { rows } = await client.query<{ found: bigint | null }>(
        "select tidemark.first_match('', $1, $2, $3, $4) as found",
        [filter.types ?? null, filter.categories ?? null, start, rare],
      );
      return rows[0]?.found;
    });
    expect(found.result).toBe(matches ? rare : null);
    expect(found.rows).toBeLessThan(most);
    const outcome = await append("decided-1", [{ filter, noEventAfter: start }]);
    if (matches) expect(outcome).toMatchObject({ status: "condition-failed", position: rare });
    else expect(outcome).toMatchObject({ status: "appended" });
    const recent = await rowsRead((client) =>
      client.query("select tidemark.first_match('', $1, $2, $3, $4)", [
        filter.types ?? null,
        filter.categories ?? null,
        rare,
        rare,
      ]),
    );
    expect(recent.rows).toBeLessThan(50);
  });

  /** Rows of the store's tables that the work fetches, by whatever kind of scan. */
  async function rowsRead<T>(
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<{ result: T; rows: number }> {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select tidemark.set_append_planner()");
      const count = async () => {
        const { rows } = await client.query<{ rows: string }>(
          `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as rows
           from pg_stat_xact_user_tables where schemaname = 'tidemark'`,
        );
        return Number(rows[0]?.rows ?? 0);
      };
      const before = await count();
      const result = await work(client);
      return { result, rows: (await count()) - before };
    } finally {
      await client.query("rollback");
      client.release();
    }
  }
});

describe("a deleted stream", () => {
  test("goes on with its revisions, by the short way and in a set, and is deleted no more", async () => {
    for (const [streamId, events] of [
      ["deleted-1", 1],
      ["deleted-2", 3],
    ] as const) {
      await store.append(streamId, sampleEvents(2));
      await store.deleteStream(streamId);
      const refused = await store.append(streamId, sampleEvents(events), {
        expectedRevision: "stream-exists",
      });
      expect(refused).toMatchObject({ status: "conflict", actual: null });
      const stale = await store.append(streamId, sampleEvents(events), { expectedRevision: 0n });
      expect(stale).toMatchObject({ status: "conflict", actual: null });
      const nothing = await store.append(streamId, [], { expectedRevision: "no-stream" });
      expect(nothing).toMatchObject({ status: "appended", revisions: [null] });
      const revived = await store.append(streamId, sampleEvents(events), { expectedRevision: "no-stream" });
      expect(revived).toMatchObject({ status: "appended", revisions: [1n + BigInt(events)] });
      const { rows } = await pool.query(
        "select deleted, truncate_before from tidemark.streams where stream_id = $1",
        [streamId],
      );
      expect(rows).toEqual([{ deleted: false, truncate_before: 2n }]);
      const revisions: bigint[] = [];
      for await (const { revision } of store.readStream(streamId)) revisions.push(revision);
      expect(revisions[0]).toBe(2n);
      await store.deleteStream(streamId);
      const exact = await store.append(streamId, sampleEvents(1), { expectedRevision: 1n + BigInt(events) });
      expect(exact).toMatchObject({ status: "appended", revisions: [2n + BigInt(events)] });
    }
  });
});
