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
let role: string;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 2 });
  store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
  await store.append("account-1", sampleEvents(4));
  role = `${database.name}_app`;
  await pool.query(`create role "${role}" login password 'app'`);
});
afterAll(async () => {
  await store.close();
  await pool.query(`drop owned by "${role}"; drop role "${role}"`);
  await pool.end();
  await database.drop();
});

const changes = [
  "update tidemark.events set data = 'x'",
  "update tidemark.events set encoding = 3, data = ''",
  "delete from tidemark.events where position = 1",
  "truncate tidemark.events",
];

async function payloads(): Promise<string[]> {
  const texts: string[] = [];
  for await (const { encoding, data } of store.readStream("account-1"))
    texts.push(`${encoding}:${Buffer.from(data).toString()}`);
  return texts;
}

describe("the log is append-only", () => {
  test.each(changes)("for the owner, who is a superuser: %s", async (change) => {
    await expect(pool.query(change)).rejects.toThrow(/events are append-only/);
    expect(await payloads()).toEqual(Array(4).fill("avro:some data"));
  });

  test("for the application's role, which appends, reads and erases", async () => {
    await using owner = new PostgresEventStore({
      connectionString: database.connectionString,
      applicationRole: role,
    });
    await owner.open();
    const url = new URL(database.connectionString);
    url.username = role;
    url.password = "app";
    await using application = await openStore({ connectionString: url.href, migrate: false });
    const identity = { tenant: "", principal: "p", key: "k" };
    const idempotency = { identity, requestHash: Buffer.alloc(32), body: Buffer.from("b"), timeToLiveMs: 1 };
    expect(await application.append("account-2", sampleEvents(2), { idempotency })).toMatchObject({
      status: "appended",
    });
    expect(await application.append("account-2", sampleEvents(1))).toMatchObject({ revisions: [2n] });
    await application.purgeExpired();
    const session = createPool({ connectionString: url.href, max: 1 });
    for (const change of changes) await expect(session.query(change)).rejects.toThrow(/permission denied/);
    const erase = "select * from tidemark.erase_events('', 'account-2', 0, 9, 'officer', 'request 17')";
    expect((await session.query<{ erased: bigint }>(erase)).rows[0]?.erased).toBe(3n);
    await session.end();
  });

  test("a role that could change events is refused", async () => {
    const superuser = new URL(database.connectionString).username;
    const open = (applicationRole: string) =>
      new PostgresEventStore({ connectionString: database.connectionString, applicationRole });
    await using powerful = open(superuser);
    await expect(powerful.open()).rejects.toThrow(/superuser, so it may change events/);
    await using missing = open("nobody here");
    await expect(missing.open()).rejects.toThrow(/There is no database role nobody here: create it/);
  });
});

describe("erasing", () => {
  test("takes payloads, keeps the places, and leaves a record", async () => {
    const before: unknown[] = [];
    for await (const { data: _data, encoding: _encoding, ...rest } of store.readStream("account-1"))
      before.push(rest);
    const { rows } = await pool.query(
      "select * from tidemark.erase_events('', 'account-1', 1, 2, 'officer', 'request 16')",
    );
    expect(rows).toEqual([{ erasure_no: expect.any(BigInt), erased: 2n, types: ["sample.Happened"] }]);
    expect(await payloads()).toEqual(["avro:some data", "erased:", "erased:", "avro:some data"]);
    const after: unknown[] = [];
    for await (const { data: _data, encoding: _encoding, ...rest } of store.readStream("account-1"))
      after.push(rest);
    expect(after).toEqual(before);
    const records = await pool.query(
      "select first_revision, last_revision, requested_by, reason from tidemark.erasures where reason = 'request 16'",
    );
    expect(records.rows).toEqual([
      { first_revision: 1n, last_revision: 2n, requested_by: "officer", reason: "request 16" },
    ]);
  });

  test("refuses a stream that does not exist", async () => {
    const erase = "select * from tidemark.erase_events('', 'account-9', 0, 1, 'officer', 'why')";
    await expect(pool.query(erase)).rejects.toThrow(/there is no stream \[account-9\]/);
  });

  test("is the only change that its record permits", async () => {
    const client = await pool.connect();
    const inErasure = async (change: string) => {
      await client.query("begin");
      await client.query("select * from tidemark.erase_events('', 'account-1', 3, 3, 'officer', 'why')");
      await expect(client.query(change)).rejects.toThrow(/events are append-only/);
      await client.query("rollback");
    };
    await inErasure("update tidemark.events set encoding = 3, data = '' where revision = 0");
    await inErasure("update tidemark.events set recorded_at = now() where revision = 3");
    await inErasure("delete from tidemark.events where revision = 3");
    client.release();
  });
});
