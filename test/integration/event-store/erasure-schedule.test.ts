import type { ErasureRequest } from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;
let streams = 0;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function open(options: Partial<ConstructorParameters<typeof PostgresEventStore>[0]> = {}) {
  return openStore({ connectionString: database.connectionString, wakeup: "poll", ...options });
}

async function newStream(store: PostgresEventStore): Promise<string> {
  streams += 1;
  await store.append(`account-${streams}`, sampleEvents(3));
  return `account-${streams}`;
}

async function encodings(store: PostgresEventStore, streamId: string): Promise<string[]> {
  const read: string[] = [];
  for await (const { encoding } of store.readStream(streamId)) read.push(encoding);
  return read;
}

const soon = (ms: number): ErasureRequest & { at: Date } => ({
  requestedBy: "officer",
  reason: "request 17",
  at: new Date(Date.now() + ms),
});
const erased = ["erased", "erased", "erased"];
const kept = ["avro", "avro", "avro"];

describe("a scheduled erasure", () => {
  test("is carried out when it is due, with its record, and what is appended until then goes with it", async () => {
    await using store = await open();
    const streamId = await newStream(store);
    const request = soon(400);
    expect(await store.eraseStream(streamId, request)).toEqual({ status: "scheduled", at: request.at });
    await store.append(streamId, sampleEvents(1));
    expect(await encodings(store, streamId)).toEqual([...kept, "avro"]);
    await expect.poll(() => encodings(store, streamId), { timeout: 5_000 }).toEqual([...erased, "erased"]);
    const { rows } = await pool.query(
      `select e.first_revision, e.last_revision, e.requested_by, e.reason, r.due_at <= e.erased_at as due
       from tidemark.scheduled_erasures r join tidemark.erasures e using (erasure_no)
       where r.stream_no = (select stream_no from tidemark.streams where stream_id = $1)`,
      [streamId],
    );
    expect(rows).toEqual([
      { first_revision: 0n, last_revision: 3n, requested_by: "officer", reason: "request 17", due: true },
    ]);
  });

  test("survives the store that it was given to, and takes only what it names", async () => {
    const first = await open();
    const streamId = await newStream(first);
    await first.eraseStream(streamId, { ...soon(300), from: 1n, to: 1n });
    await first.close();
    await expect
      .poll(async () => {
        const { rows } = await pool.query<{ due: boolean }>(
          "select bool_and(due_at < clock_timestamp()) as due from tidemark.scheduled_erasures",
        );
        return rows[0]?.due;
      })
      .toBe(true);
    await using second = await open();
    await expect
      .poll(() => encodings(second, streamId), { timeout: 5_000 })
      .toEqual(["avro", "erased", "avro"]);
  });

  test("is carried out once when several stores are open", async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const [store] = stores;
    if (store === undefined) throw new Error("no store");
    const ids = await Promise.all(stores.map((one) => newStream(one)));
    await Promise.all(ids.flatMap((id) => stores.map((one) => one.eraseStream(id, soon(300)))));
    for (const id of ids) await expect.poll(() => encodings(store, id), { timeout: 5_000 }).toEqual(erased);
    await expect
      .poll(
        async () => {
          const { rows } = await pool.query<{ pending: bigint }>(
            "select count(*) as pending from tidemark.scheduled_erasures where erasure_no is null",
          );
          return rows[0]?.pending;
        },
        { timeout: 5_000 },
      )
      .toBe(0n);
    const { rows } = await pool.query(
      "select erasure_no from tidemark.scheduled_erasures group by erasure_no having count(*) > 1",
    );
    expect(rows).toEqual([]);
    for (const one of stores) await one.close();
  });

  test("that fails is logged, noted for another attempt, and stops no other one", async () => {
    const failures: unknown[] = [];
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error(details: unknown) {
        failures.push(details);
      },
    };
    await using store = await open({ logger });
    const bad = await newStream(store);
    const good = await newStream(store);
    await pool.query(`create function tidemark.refuse() returns trigger language plpgsql as $$ begin
      if new.reason = 'bad' then raise exception 'planted'; end if; return new; end $$;
      create trigger planted before insert on tidemark.erasures for each row execute function tidemark.refuse()`);
    await store.eraseStream(bad, { ...soon(100), reason: "bad" });
    await store.eraseStream(good, soon(200));
    await expect.poll(() => encodings(store, good), { timeout: 5_000 }).toEqual(erased);
    expect(await encodings(store, bad)).toEqual(kept);
    expect(failures).toMatchObject([{ streamId: bad, reason: "planted" }]);
    const { rows } = await pool.query(
      `select failures, last_error, retry_at > clock_timestamp() as later from tidemark.scheduled_erasures
       where erasure_no is null`,
    );
    expect(rows).toEqual([{ failures: 1, last_error: "planted", later: true }]);
    await pool.query("drop trigger planted on tidemark.erasures");
    await pool.query(
      "update tidemark.scheduled_erasures set retry_at = clock_timestamp() where erasure_no is null",
    );
    await using next = await open();
    await expect.poll(() => encodings(next, bad), { timeout: 5_000 }).toEqual(erased);
  });

  test("is open to the application's role, which administers streams as well", async () => {
    const role = `${database.name}_app`;
    await pool.query(`create role "${role}" login password 'app'`);
    await using owner = await open({ applicationRole: role });
    const url = new URL(database.connectionString);
    url.username = role;
    url.password = "app";
    const application = await openStore({ connectionString: url.href, migrate: false, wakeup: "poll" });
    await owner.close();
    const streamId = await newStream(application);
    await application.setStreamMetadata(streamId, { maxCount: 3 });
    await application.setStreamMetadata(streamId, { maxCount: 4 });
    expect(await application.streamMetadata(streamId)).toEqual({ maxCount: 4 });
    await application.eraseStream(streamId, soon(100));
    await expect.poll(() => encodings(application, streamId), { timeout: 5_000 }).toEqual(erased);
    expect(await application.deleteStream(streamId)).toEqual({ status: "deleted" });
    expect(await application.append(streamId, sampleEvents(1))).toMatchObject({ revisions: [3n] });
    await application.close();
    await pool.query(`drop owned by "${role}"; drop role "${role}"`);
  });
});

test("an erasure at once clamps its range, counts what it took, and names the types", async () => {
  await using store = await open();
  const streamId = await newStream(store);
  const request = { requestedBy: "officer", reason: "request" };
  expect(await store.eraseStream(streamId, { ...request, from: 2n, to: 9n })).toEqual({
    status: "erased",
    events: 1n,
    types: ["sample.Happened"],
  });
  expect(await encodings(store, streamId)).toEqual(["avro", "avro", "erased"]);
  expect(await store.eraseStream(streamId, request)).toMatchObject({ events: 2n });
  expect(await store.eraseStream(streamId, request)).toEqual({ status: "erased", events: 0n, types: [] });
  const { rows } = await pool.query(
    "select first_revision, last_revision from tidemark.erasures order by erasure_no desc limit 3",
  );
  expect(rows.map((row: object) => Object.values(row))).toEqual([
    [0n, 2n],
    [0n, 2n],
    [2n, 2n],
  ]);
  await expect(store.eraseStream("account-nobody", request)).rejects.toMatchObject({
    code: "stream-not-found",
  });
  const wrong = { requestedBy: " ", reason: "x".repeat(1_001), from: 5n, to: 4n, at: new Date("no date") };
  await expect(store.eraseStream(streamId, wrong)).rejects.toMatchObject({
    code: "validation-failed",
    errors: [{ field: "to" }, { field: "at" }, { field: "requestedBy" }, { field: "reason" }],
  });
});
