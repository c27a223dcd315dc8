import type { EventPage } from "@tidemark/framework";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

const events = 1_000;

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
  store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
  for (let n = 0; n < events / 100; n += 1) await store.append(`account-${n}`, sampleEvents(100));
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

/** Statements of the store that wait for a lock. */
async function waiting(): Promise<number> {
  const { rowCount } = await pool.query(
    "select from pg_stat_activity where datname = current_database() and application_name = 'tidemark read' and wait_event_type = 'Lock'",
  );
  return rowCount ?? 0;
}

/** Holds up every read of events until it is let go. */
async function holdReads(): Promise<{ release(): Promise<void> }> {
  const client = createPool({ connectionString: database.connectionString, max: 1 });
  const connection = await client.connect();
  await connection.query("begin; lock table tidemark.events in access exclusive mode");
  return {
    release: async () => {
      await connection.query("rollback");
      connection.release();
      await client.end();
    },
  };
}

function pages(signal?: AbortSignal): AsyncIterator<EventPage> {
  const options = { pageSize: 100, ...(signal && { signal }) };
  return store.readAll(options)[Symbol.asyncIterator]();
}

describe("readAll, one page ahead", () => {
  test("asks for the next page while the consumer works, and for no more", async () => {
    const reading = pages();
    await reading.next();
    await reading.next();
    const hold = await holdReads();
    const third = await reading.next();
    expect(third.value).toMatchObject({ scannedTo: 300n });
    await expect.poll(waiting).toBe(1);
    await hold.release();
    expect((await reading.next()).value).toMatchObject({ scannedTo: 400n });
    await reading.return?.();
  });

  test("lets a consumer stop that has a page under way; nobody hears when that page fails", async () => {
    const rejections: unknown[] = [];
    const note = (error: unknown) => rejections.push(error);
    process.on("unhandledRejection", note);
    const abort = new AbortController();
    const reading = pages(abort.signal);
    await reading.next();
    await reading.next();
    const hold = await holdReads();
    await reading.next();
    await expect.poll(waiting).toBe(1);
    await reading.return?.();
    abort.abort(new Error("too late to matter"));
    await hold.release();
    expect(await store.head()).toBe(BigInt(events));
    process.off("unhandledRejection", note);
    expect(rejections).toEqual([]);
  });

  test("ends at once when its signal aborts, whether it waits for a page or works on one", async () => {
    const abort = new AbortController();
    const reading = pages(abort.signal);
    await reading.next();
    await reading.next();
    const hold = await holdReads();
    await reading.next();
    await expect.poll(waiting).toBe(1);
    const next = reading.next();
    abort.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    await hold.release();
    const later = new AbortController();
    const other = pages(later.signal);
    await other.next();
    later.abort(new Error("enough, too"));
    await expect(
      (async () => {
        while (!((await other.next()).done ?? false)) continue;
      })(),
    ).rejects.toThrow("enough, too");
  });

  test("shows each event once and in order, in both directions, with every page size", async () => {
    const expected = Array.from({ length: events }, (_, n) => BigInt(n + 1));
    for (const pageSize of [1, 7, 100, 999, 1_000, 5_000]) {
      for (const direction of ["forwards", "backwards"] as const) {
        const read: bigint[] = [];
        for await (const page of store.readAll({ pageSize, direction }))
          read.push(...page.events.map(({ position }) => position));
        expect(read).toEqual(direction === "forwards" ? expected : expected.toReversed());
      }
    }
  });
});

test("a stream's events can be asked for before the one before has arrived", async () => {
  const reading = store.readStream("account-3")[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 102 }, () => reading.next()));
  expect(results.map(({ value, done }) => (done === true ? "end" : Number(value.revision)))).toEqual([
    ...Array.from({ length: 100 }, (_, n) => n),
    "end",
    "end",
  ]);
});
