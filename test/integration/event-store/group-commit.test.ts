import { randomUUID } from "node:crypto";
import type { AppendOutcome } from "@tidemark/framework";
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

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
  store = new PostgresEventStore({ connectionString: database.connectionString });
  await store.open();
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

/** Transactions that wrote the events after this position. */
async function transactionsAfter(position: bigint): Promise<number> {
  const { rows } = await pool.query<{ count: bigint }>(
    "select count(distinct xmin::text) as count from tidemark.events where position > $1",
    [position],
  );
  return Number(rows[0]?.count);
}

async function readAll(streamId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { eventId } of store.readStream(streamId)) ids.push(eventId);
  return ids;
}

describe("appends of one process", () => {
  test("share transactions while one is in flight", async () => {
    const before = await store.head();
    const appends = Array.from({ length: 200 }, (_, index) =>
      store.append(`shared-${index}`, sampleEvents(1), { expectedRevision: "no-stream" }),
    );
    const outcomes = await Promise.all(appends);
    expect(outcomes.every(({ status }) => status === "appended")).toBe(true);
    expect(await store.head()).toBe(before + 200n);
    expect(await transactionsAfter(before)).toBeLessThan(20);
  });

  test("to one stream keep their order", async () => {
    const events = sampleEvents(50);
    const appends = events.map((event) => store.append("ordered-1", [event]));
    const outcomes = await Promise.all(appends);
    expect(await readAll("ordered-1")).toEqual(events.map(({ eventId }) => eventId));
    const revisions = outcomes.map((outcome) => outcome.status === "appended" && outcome.revisions[0]);
    expect(revisions).toEqual(events.map((_, index) => BigInt(index)));
  });

  test("do not fail with their neighbours: a conflict, a known id, a schema that is none", async () => {
    const [known] = sampleEvents(1);
    if (known === undefined) throw new Error("no sample");
    await store.append("neighbour-taken", [known]);
    const broken = sampleEvents(1, {
      schema: { sha256: "00".repeat(32), text: '"int"', subject: "x", version: 1 },
    });
    const good = Array.from({ length: 30 }, (_, index) =>
      store.append(`neighbour-${index}`, sampleEvents(2)),
    );
    const conflict = store.append("neighbour-taken", sampleEvents(1), { expectedRevision: "no-stream" });
    const duplicate = store.append("neighbour-taken", [known]);
    const poison = store.append("neighbour-poison", broken);
    const late = Array.from({ length: 30 }, (_, index) => store.append(`late-${index}`, sampleEvents(1)));
    const settled = await Promise.allSettled([conflict, duplicate, poison]);
    expect(settled).toMatchObject([
      { status: "fulfilled", value: { status: "conflict", actual: 0n } },
      { status: "fulfilled", value: { status: "duplicate-event", eventId: known.eventId } },
      { status: "rejected", reason: { code: "event-invalid" } },
    ]);
    const outcomes = await Promise.all([...good, ...late]);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["appended"]));
    expect(await readAll("neighbour-poison")).toEqual([]);
  });

  test("under one idempotency key are recorded once", async () => {
    const identity = { tenant: "", principal: "", key: randomUUID() };
    const idempotency = {
      identity,
      requestHash: Buffer.alloc(32),
      body: Buffer.from("{}"),
      timeToLiveMs: 60_000,
    };
    const appends = Array.from({ length: 10 }, (_, index) =>
      store.append(`keyed-${index}`, sampleEvents(1), { idempotency }),
    );
    const outcomes: AppendOutcome[] = await Promise.all(appends);
    expect(outcomes.map(({ status }) => status)).toEqual(["appended", ...Array(9).fill("already-recorded")]);
  });

  test("beyond what may wait are refused at once if told so, and nothing of them is stored", async () => {
    const payload = Buffer.alloc(200_000);
    await using rejecting = await openStore({
      connectionString: database.connectionString,
      wakeup: "poll",
      groupCommit: { whenFull: "reject" },
    });
    const before = await rejecting.head();
    const appends = Array.from({ length: 500 }, (_, index) =>
      rejecting.append(`flood-${index}`, sampleEvents(1, { data: payload })),
    );
    const settled = await Promise.allSettled(appends);
    const refused = settled.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: "overloaded", retryable: true } });
    expect(await store.head()).toBe(before + BigInt(settled.length - refused.length));
  });

  test("beyond what may wait wait for room, until their signal aborts; what is too much even so is refused", async () => {
    await using slow = await openStore({
      connectionString: database.connectionString,
      wakeup: "poll",
      groupCommit: { maxEvents: 10, maxQueuedEvents: 30 },
    });
    const before = await slow.head();
    const impatient = new AbortController();
    const order: number[] = [];
    const appends = Array.from({ length: 70 }, async (_, index) => {
      const outcome = await slow.append(
        "slow-1",
        sampleEvents(1),
        index === 40 ? { signal: impatient.signal } : {},
      );
      order.push(index);
      return outcome;
    });
    const settled = Promise.allSettled(appends);
    impatient.abort(new Error("too slow"));
    const outcomes = await settled;
    const reasons = outcomes.flatMap((outcome, index) =>
      outcome.status === "rejected" ? [[index, outcome.reason]] : [],
    );
    expect(reasons[0]).toEqual([40, new Error("too slow")]);
    // 30 queue and 30 wait for a place.
    expect(reasons.slice(1).map(([index]) => index)).toEqual([60, 61, 62, 63, 64, 65, 66, 67, 68, 69]);
    expect(reasons[1]?.[1]).toMatchObject({ code: "overloaded", details: { retryAfterSeconds: 1 } });
    expect(order).toEqual(Array.from({ length: 60 }, (_, index) => index).filter((index) => index !== 40));
    expect(await slow.head()).toBe(before + 59n);
  });

  test("beside one that PostgreSQL refuses cost log2(n) more transactions", async () => {
    await pool.query(`
      create function tidemark.poison() returns trigger language plpgsql as
        $$ begin if new.data = 'poison' then raise 'poisoned'; end if; return new; end $$;
      create trigger poison before insert on tidemark.events for each row execute function tidemark.poison()`);
    const before = await store.head();
    const first = store.append("bisected-first", sampleEvents(1));
    const appends = Array.from({ length: 256 }, (_, index) =>
      store.append(
        `bisected-${index}`,
        sampleEvents(1, { data: Buffer.from(index === 100 ? "poison" : "good") }),
      ),
    );
    const settled = await Promise.allSettled([first, ...appends]);
    await pool.query("drop function tidemark.poison() cascade");
    const refused = settled.filter((outcome) => outcome.status === "rejected");
    expect(refused).toMatchObject([{ reason: { message: "poisoned" } }]);
    expect(await store.head()).toBe(before + 256n);
    expect(await transactionsAfter(before)).toBeLessThanOrEqual(10);
  });

  test("in two sets at once keep the order of their streams, also when one set is taken apart", async () => {
    await pool.query(`
      create function tidemark.poison() returns trigger language plpgsql as
        $$ begin if new.data = 'poison' then raise 'poisoned'; end if; return new; end $$;
      create trigger poison before insert on tidemark.events for each row execute function tidemark.poison()`);
    const streams = Array.from({ length: 300 }, (_, index) => `halves-${index}`);
    const poison = sampleEvents(1, { data: Buffer.from("poison") });
    const appends = [0, 1, 2].flatMap((turn) =>
      streams.map((streamId, index) => {
        const isPoison = turn === 0 && index === 100;
        return store.append(streamId, isPoison ? poison : sampleEvents(1, { data: Buffer.from(`${turn}`) }));
      }),
    );
    const settled = await Promise.allSettled(appends);
    await pool.query("drop function tidemark.poison() cascade");
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(1);
    for (const [index, streamId] of streams.entries()) {
      const turns: string[] = [];
      for await (const { data } of store.readStream(streamId)) turns.push(Buffer.from(data).toString());
      expect(turns).toEqual(index === 100 ? ["1", "2"] : ["0", "1", "2"]);
    }
  });

  test("are given up by their signal while they wait, and answered once they were sent", async () => {
    const sent = new AbortController();
    const waiting = new AbortController();
    const blocker = createPool({ connectionString: database.connectionString, max: 1 });
    await blocker.query("begin");
    await blocker.query(
      "select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)",
    );
    const first = store.append("signal-sent", sampleEvents(1), { signal: sent.signal });
    await expect
      .poll(async () => {
        const { rows } = await pool.query(
          "select from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())",
        );
        return rows.length;
      })
      .toBe(1);
    const events = sampleEvents(3);
    const [one, two, three] = events.map((event, index) =>
      store.append("signal-1", [event], index === 1 ? { signal: waiting.signal } : {}),
    );
    const givenUp = expect(two).rejects.toThrow("enough");
    waiting.abort(new Error("enough"));
    sent.abort(new Error("too late"));
    await givenUp;
    await blocker.query("rollback");
    await blocker.end();
    expect(await first).toMatchObject({ status: "appended" });
    expect([await one, await three]).toMatchObject([{ revisions: [0n] }, { revisions: [1n] }]);
    const ids = events.map(({ eventId }) => eventId);
    expect(await readAll("signal-1")).toEqual([ids[0], ids[2]]);
    await expect(store.append("signal-1", [], { signal: waiting.signal })).rejects.toThrow("enough");
  });

  test("are bounded by the store's options, 20,000 of them and more", async () => {
    await using small = new PostgresEventStore({
      connectionString: database.connectionString,
      wakeup: "poll",
      groupCommit: { maxEvents: 10, maxQueuedEvents: 30, whenFull: "reject" },
    });
    await small.open();
    await small.append("small-start", sampleEvents(1));
    const before = await small.head();
    const settled = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => small.append(`small-${index}`, sampleEvents(1))),
    );
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(10);
    expect(await transactionsAfter(before)).toBe(3);
    const all = await Promise.all(
      Array.from({ length: 20_000 }, (_, index) => store.append(`mass-${index % 7_000}`, sampleEvents(1))),
    );
    expect(all.every(({ status }) => status === "appended")).toBe(true);
  });
});
