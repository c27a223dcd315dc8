import type { ReadStreamOptions, StreamMetadata } from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;
let streams = 0;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 2 });
  store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

async function newStream(events: number): Promise<string> {
  streams += 1;
  const streamId = `account-${streams}`;
  await store.append(streamId, sampleEvents(events));
  return streamId;
}

async function revisions(streamId: string, options: ReadStreamOptions = {}): Promise<number[]> {
  const read: number[] = [];
  for await (const { revision } of store.readStream(streamId, options)) read.push(Number(revision));
  return read;
}

/** As if the stream's events up to a revision had been recorded an hour ago. */
async function age(streamId: string, upTo: number): Promise<void> {
  await pool.query("alter table tidemark.events disable trigger events_erase_only");
  await pool.query(
    `update tidemark.events e set recorded_at = recorded_at - interval '1 hour'
     from tidemark.streams s where s.stream_no = e.stream_no and s.stream_id = $1 and e.revision <= $2`,
    [streamId, upTo],
  );
  await pool.query("alter table tidemark.events enable trigger events_erase_only");
}

describe("stream metadata", () => {
  test.each<[StreamMetadata, number[]]>([
    [{ maxCount: 3 }, [7, 8, 9]],
    [{ maxCount: 100 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ truncateBefore: 8n }, [8, 9]],
    [{ maxCount: 3, truncateBefore: 8n }, [8, 9]],
    [{ maxCount: 1, truncateBefore: 2n }, [9]],
    [{ truncateBefore: 10n }, []],
    [{ maxAgeSeconds: 1_800 }, [5, 6, 7, 8, 9]],
    [{ maxAgeSeconds: 1_800, maxCount: 7 }, [5, 6, 7, 8, 9]],
    [{ maxAgeSeconds: 86_400 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ maxAgeSeconds: Number.MAX_SAFE_INTEGER }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])("%o lets a stream of ten, half of it an hour old, show %o", async (metadata, shown) => {
    const streamId = await newStream(10);
    await age(streamId, 4);
    await store.setStreamMetadata(streamId, metadata);
    expect(await store.streamMetadata(streamId)).toEqual(metadata);
    expect(await revisions(streamId)).toEqual(shown);
    expect(await revisions(streamId, { direction: "backwards" })).toEqual(shown.toReversed());
    expect(await revisions(streamId, { from: 8n })).toEqual(shown.filter((revision) => revision >= 8));
    const backFrom8 = await revisions(streamId, { from: 8n, direction: "backwards" });
    expect(backFrom8).toEqual(shown.filter((revision) => revision <= 8).toReversed());
    expect(await revisions(streamId, { limit: 1 })).toEqual(shown.slice(0, 1));
  });

  test("names each wrong field", async () => {
    const streamId = await newStream(1);
    const metadata = { maxCount: 0, maxAgeSeconds: 1.5, truncateBefore: -1n };
    await expect(store.setStreamMetadata(streamId, metadata)).rejects.toMatchObject({
      code: "validation-failed",
      errors: [{ field: "maxCount" }, { field: "maxAgeSeconds" }, { field: "truncateBefore" }],
    });
    expect(await store.streamMetadata(streamId)).toEqual({});
  });
});

describe("a deleted stream", () => {
  test("continues its revisions, and shows nothing of before", async () => {
    const streamId = await newStream(3);
    await store.setStreamMetadata(streamId, { maxCount: 2 });
    expect(await store.deleteStream(streamId, { expectedRevision: 2n })).toEqual({ status: "deleted" });
    expect(await revisions(streamId)).toEqual([]);
    expect(await store.streamMetadata(streamId)).toEqual({});
    await expect(store.setStreamMetadata(streamId, {})).rejects.toMatchObject({ code: "stream-not-found" });
    expect(await store.append(streamId, sampleEvents(3), { expectedRevision: "no-stream" })).toMatchObject({
      status: "appended",
      revisions: [5n],
    });
    expect(await revisions(streamId)).toEqual([3, 4, 5]);
    expect(await revisions(streamId, { direction: "backwards" })).toEqual([5, 4, 3]);
  });

  test("is deleted by one of many, and never beside an append that it has not seen", async () => {
    for (let round = 0; round < 10; round += 1) {
      const streamId = await newStream(1);
      const [deleted, again, appended] = await Promise.all([
        store.deleteStream(streamId, { expectedRevision: 0n }),
        store.deleteStream(streamId, { expectedRevision: 0n }),
        store.append(streamId, sampleEvents(1), { expectedRevision: "stream-exists" }),
      ]);
      const outcomes = [deleted.status, again.status].toSorted();
      // The append comes first, or the stream is gone when its turn comes.
      expect(outcomes).toEqual(
        appended.status === "appended" ? ["conflict", "conflict"] : ["conflict", "deleted"],
      );
    }
  });

  test("is deleted in turn with the appends, under their lock", async () => {
    const streamId = await newStream(1);
    const client = await pool.connect();
    await client.query(
      "begin; select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)",
    );
    const deleting = store.deleteStream(streamId);
    try {
      await expect
        .poll(async () => {
          const { rowCount } = await pool.query(
            "select from pg_locks where locktype = 'advisory' and not granted and classid = 1953064037 and pid in (select pid from pg_stat_activity where datname = current_database())",
          );
          return rowCount;
        })
        .toBe(1);
    } finally {
      await client.query("rollback");
      client.release();
    }
    expect(await deleting).toEqual({ status: "deleted" });
  });

  test("of a connection at another isolation level is refused", async () => {
    await newStream(1);
    const client = await pool.connect();
    await client.query("set default_transaction_isolation = 'repeatable read'");
    await expect(
      client.query("call tidemark.delete_stream('', 'account-1', -1, null, null)"),
    ).rejects.toThrow(/runs at READ COMMITTED/);
    client.release(true);
  });
});
