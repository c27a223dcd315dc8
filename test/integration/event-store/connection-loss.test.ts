import { createPool } from "@tidemark/schema-registry/postgres";
import type { AppendOptions, EventStore } from "@tidemark/framework";
import { isInfrastructureError, PostgresEventStore } from "@tidemark/framework/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterAll(() => database.drop());

const procedure = "append_events";

function withKey(key: string): AppendOptions {
  const identity = { tenant: "", principal: "p", key };
  return {
    idempotency: { identity, requestHash: Buffer.alloc(32), body: Buffer.from(key), timeToLiveMs: 60_000 },
  };
}

async function countEvents(store: EventStore, streamId: string): Promise<number> {
  let count = 0;
  for await (const _event of store.readStream(streamId)) count += 1;
  return count;
}

describe("a connection that breaks around an append", () => {
  test.each(["answer", "request"] as const)("with a key: the lost %s is found out", async (loss) => {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
    const streamId = `account-${loss}-key`;
    proxy.loseNext(loss, procedure);
    const outcome = await store.append(streamId, sampleEvents(2), withKey(loss));
    if (loss === "answer") {
      expect(outcome).toMatchObject({ status: "already-recorded", record: { revision: 1n } });
    } else {
      expect(outcome).toMatchObject({ status: "appended", revisions: [1n] });
    }
    expect(await countEvents(store, streamId)).toBe(2);
  });

  test.each([
    ["answer", 1],
    ["request", 0],
  ] as const)("without a key: the lost %s is an unknown outcome", async (loss, written) => {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
    const streamId = `account-${loss}`;
    proxy.loseNext(loss, procedure);
    const append = store.append(streamId, sampleEvents(1));
    await expect(append).rejects.toMatchObject({ code: "outcome-unknown", retryable: true });
    await append.catch((error: unknown) => expect(isInfrastructureError(error)).toBe(true));
    expect(await countEvents(store, streamId)).toBe(written);
  });

  test.each([
    ["answer", 2],
    ["request", 1],
  ] as const)("a lone event's lost %s is told by its key, or unknown", async (loss, written) => {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
    const streamId = `account-lone-${loss}`;
    await store.append(streamId, sampleEvents(1));
    proxy.loseNext(loss, "append_event");
    const unkeyed = store.append(streamId, sampleEvents(1));
    await expect(unkeyed).rejects.toMatchObject({ code: "outcome-unknown" });
    expect(await countEvents(store, streamId)).toBe(written);
    await store.append(streamId, sampleEvents(1), withKey(`lone-warm-${loss}`));
    proxy.loseNext(loss, "append_event");
    const keyed = await store.append(streamId, sampleEvents(1), withKey(`lone-${loss}`));
    expect(keyed.status).toBe(loss === "answer" ? "already-recorded" : "appended");
    expect(await countEvents(store, streamId)).toBe(written + 2);
  });

  test.each(["answer", "request"] as const)(
    "with two sets in flight: a lost %s loses nothing",
    async (loss) => {
      await using proxy = await TcpProxy.start(database.connectionString);
      await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
      await store.append("account-halves", sampleEvents(1));
      const streams = Array.from({ length: 400 }, (_, index) => `halves-${loss}-${index}`);
      // The statement is prepared: from now on the second half does not wait for the first.
      await Promise.all(["a", "b"].map((name) => store.append(`account-halves-${name}`, sampleEvents(1))));
      proxy.loseNext(loss, procedure);
      const outcomes = await Promise.all(
        streams.map((streamId) => store.append(streamId, sampleEvents(1), withKey(streamId))),
      );
      const statuses = new Set(outcomes.map(({ status }) => status));
      expect(statuses.has("appended") || statuses.has("already-recorded")).toBe(true);
      for (const streamId of streams) expect(await countEvents(store, streamId)).toBe(1);
    },
  );

  test("with a key, across an outage: the answer comes when the database is back", async () => {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
    await store.append("account-outage", sampleEvents(1));
    proxy.loseNext("answer", procedure);
    const append = store.append("account-outage", sampleEvents(1), withKey("outage"));
    proxy.cut({ refuse: true });
    await expect(store.head()).rejects.toMatchObject({ code: "store-unavailable" });
    proxy.restore();
    expect(["appended", "already-recorded"]).toContain((await append).status);
    expect(await countEvents(store, "account-outage")).toBe(2);
  });
});

describe("a database that cannot be reached", () => {
  test("is an error that says so, for every operation", async () => {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using store = await openStore({ connectionString: proxy.connectionString, wakeup: "poll" });
    proxy.cut({ refuse: true });
    const operations = [
      () => store.append("account-1", sampleEvents(1)),
      () => store.head(),
      () => store.eventIdAt(1n),
      () => countEvents(store, "account-1"),
      () => store.readAll().next(),
      () => store.subscribe().next(),
    ];
    for (const operation of operations) {
      const error = await operation().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "store-unavailable", cause: expect.any(Error) });
      expect(isInfrastructureError(error)).toBe(true);
    }
    proxy.restore();
    expect(await store.append("account-back", sampleEvents(1))).toMatchObject({ status: "appended" });
  });

  test("refuses the start with the same error", async () => {
    await using store = new PostgresEventStore({
      connectionString: "postgres://nobody@127.0.0.1:1/none",
      migrate: false,
    });
    await expect(store.open()).rejects.toMatchObject({ code: "store-unavailable" });
  });
});

describe("a signal", () => {
  test("ends a read that the database does not answer, and gives up its connection", async () => {
    await using store = await openStore({
      connectionString: database.connectionString,
      wakeup: "poll",
      readConnections: 1,
    });
    await store.append("account-stuck", sampleEvents(1));
    const blocker = await openBlocker(database.connectionString);
    const controller = new AbortController();
    const { signal } = controller;
    const reading = store.readAll({ signal }).next();
    const stuck = expect(reading).rejects.toThrow("enough");
    await blocker.untilBlocked();
    controller.abort(new Error("enough"));
    await stuck;
    await blocker.release();
    expect(await countEvents(store, "account-stuck")).toBe(1);
  });
});

async function openBlocker(connectionString: string) {
  const pool = createPool({ connectionString, max: 2 });
  const client = await pool.connect();
  await client.query("begin; lock table tidemark.events in access exclusive mode");
  return {
    untilBlocked: () =>
      expect
        .poll(async () => {
          const { rows } = await pool.query(
            "select from pg_locks where not granted and pid <> pg_backend_pid() and pid in (select pid from pg_stat_activity where datname = current_database())",
          );
          return rows.length;
        })
        .toBeGreaterThan(0),
    release: async () => {
      await client.query("rollback");
      client.release();
      await pool.end();
    },
  };
}
