import { createPool } from "@tidemark/schema-registry/postgres";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;

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

const callWithoutStreams = `call tidemark.append_events('{""}', null, null, null, null, null, '{}', '{}', '{}', '{}', '{}',
  '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', '{}', '{}', '{}', '{}', '{}',
  null, null, null, null, null, null, null, null, null)`;

describe("the append procedure", () => {
  test("runs in autocommit, and in no transaction that a client could hold open", async () => {
    const client = await pool.connect();
    await client.query(callWithoutStreams);
    await client.query({ name: "prepared", text: callWithoutStreams });
    await client.query("begin");
    await expect(client.query(callWithoutStreams)).rejects.toThrow(/invalid transaction termination/);
    await client.query("rollback");
    client.release();
  });

  test("runs at READ COMMITTED only", async () => {
    const client = await pool.connect();
    await client.query("set default_transaction_isolation = 'repeatable read'");
    await expect(client.query(callWithoutStreams)).rejects.toThrow(
      /runs at READ COMMITTED, not at \[repeatable read\]/,
    );
    client.release(true);
  });

  test("leaves no setting behind", async () => {
    const client = await pool.connect();
    const settings = async () =>
      (await client.query("select current_setting('enable_seqscan') as s, current_setting('jit') as j")).rows;
    const before = await settings();
    await client.query(callWithoutStreams);
    expect(await settings()).toEqual(before);
    client.release();
  });

  test("waits for the lock and for nothing else", async () => {
    const holder = await pool.connect();
    await holder.query("begin");
    await holder.query("select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)");
    let done = false;
    const append = store.append("account-waiting", sampleEvents(1)).finally(() => (done = true));
    await expect
      .poll(async () => {
        const { rows } = await pool.query(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length;
      })
      .toBe(1);
    expect(done).toBe(false);
    await holder.query("rollback");
    holder.release();
    expect(await append).toMatchObject({ status: "appended", revisions: [0n] });
  });

  test("gives up after its time-out, nothing written", async () => {
    const holder = await pool.connect();
    await holder.query("begin");
    await holder.query("select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)");
    await using impatient = await openStore({
      connectionString: database.connectionString,
      appendTimeoutMs: 100,
    });
    const append = impatient.append("account-late", sampleEvents(1));
    await expect(append).rejects.toMatchObject({ code: "store-unavailable" });
    await holder.query("rollback");
    holder.release();
    expect(await store.append("account-late", [], { expectedRevision: "no-stream" })).toMatchObject({
      status: "appended",
    });
  });

  test("does not touch the catalogue for types and schemas that this process has used", async () => {
    await store.append("account-known", sampleEvents(1, { type: "sample.Known" }));
    await pool.query(`
      create function tidemark.refuse() returns trigger language plpgsql as $$ begin raise 'catalogue'; end $$;
      create trigger refuse_types before insert on tidemark.event_types execute function tidemark.refuse();
      create trigger refuse_schemas before insert on tidemark.event_schemas execute function tidemark.refuse()`);
    const known = await store.append("account-known", sampleEvents(1, { type: "sample.Known" }));
    expect(known).toMatchObject({ status: "appended", revisions: [1n] });
    const unknown = store.append("account-known", sampleEvents(1, { type: "sample.Unknown" }));
    await expect(unknown).rejects.toThrow("catalogue");
    await pool.query("drop function tidemark.refuse() cascade");
  });

  test("numbers types and schemas once, whichever process uses them first", async () => {
    await using other = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (n % 2 === 0 ? store : other).append(
          `catalogue-${n}`,
          sampleEvents(2, { type: `sample.Type${n % 3}` }),
        ),
      ),
    );
    const { rows } = await pool.query<{ name: string }>(
      "select name from tidemark.event_types where name like 'sample.Type%' order by name",
    );
    expect(rows.map(({ name }) => name)).toEqual(["sample.Type0", "sample.Type1", "sample.Type2"]);
    for (const reader of [store, other]) {
      for await (const event of reader.readStream("catalogue-4")) expect(event.type).toBe("sample.Type1");
    }
  });
});

describe("a stream", () => {
  test("goes on from the floor of its row when its events have left the table", async () => {
    await store.append("account-moved", sampleEvents(3));
    await pool.query(`
      alter table tidemark.events disable trigger user;
      delete from tidemark.events e using tidemark.streams s where s.stream_no = e.stream_no and s.stream_id = 'account-moved';
      alter table tidemark.events enable trigger user`);
    expect(await store.append("account-moved", sampleEvents(1), { expectedRevision: 2n })).toMatchObject({
      revisions: [3n],
    });
  });

  test("that occurs twice in one set is refused", async () => {
    await store.append("account-twice", sampleEvents(1));
    const call = (streams: string) =>
      callWithoutStreams.replace("'{}', '{}', '{}', '{}', '{}',", `${streams}, '{1,2}', '{-1,-1}', '{0,0}',`);
    const twice = pool.query(call(`'{1,1}', '{account-twice,account-twice}'`));
    await expect(twice).rejects.toThrow("a stream occurs twice in one set");
    await pool.query(call(`'{1,1}', '{account-twice,account-thrice}'`));
  });
});

describe("idempotency records", () => {
  test("are purged once they have expired", async () => {
    const append = (key: string, timeToLiveMs: number) =>
      store.append("account-purge", [], {
        idempotency: {
          identity: { tenant: "", principal: "p", key },
          requestHash: Buffer.alloc(32),
          body: Buffer.from("body"),
          timeToLiveMs,
        },
      });
    for (let n = 0; n < 5; n += 1) await append(`short-${n}`, 1);
    await append("long", 60_000);
    await expect
      .poll(async () => {
        await store.purgeExpired();
        const { rows } = await pool.query("select key from tidemark.idempotency_records");
        return rows;
      })
      .toEqual([{ key: "long" }]);
  });
});
