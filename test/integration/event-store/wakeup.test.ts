import type { EventStore } from "@tidemark/framework";
import { eventually } from "@tidemark/framework/testing";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const never = 3_600_000;

/** Follows the log from its head; `seen` counts the events. */
async function follow(store: EventStore) {
  const controller = new AbortController();
  const follower = { seen: 0, stop: () => Promise.resolve() };
  const after = await store.head();
  const running = (async () => {
    for await (const { events } of store.subscribe({ after, signal: controller.signal }))
      follower.seen += events.length;
  })();
  follower.stop = () => {
    controller.abort();
    return running;
  };
  return follower;
}

async function listeners(): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and application_name = 'tidemark listen' and query like 'listen%'",
  );
  return rows.map(({ pid }) => pid);
}

describe("subscriptions are woken", () => {
  test("by a notification from another process, without polling", async () => {
    const { connectionString } = database;
    await using writer = await openStore({ connectionString, wakeup: "poll" });
    await using reader = await openStore({ connectionString, pollIntervalMs: never });
    const followers = [await follow(reader), await follow(reader)];
    await eventually(async () => expect(await listeners()).toHaveLength(1));
    await writer.append("account-1", sampleEvents(1));
    for (const follower of followers) {
      await eventually(() => expect(follower.seen).toBe(1));
      await follower.stop();
    }
  });

  test("by polling alone, when asked to", async () => {
    const { connectionString } = database;
    await using writer = await openStore({ connectionString, wakeup: "poll" });
    await using reader = await openStore({ connectionString, wakeup: "poll", pollIntervalMs: 20 });
    const follower = await follow(reader);
    await writer.append("account-1", sampleEvents(1));
    await eventually(() => expect(follower.seen).toBe(1));
    expect(await listeners()).toHaveLength(0);
    await follower.stop();
  });

  test("by polling when the notification is lost", async () => {
    const { connectionString } = database;
    await using writer = await openStore({ connectionString, wakeup: "poll" });
    // Nobody notifies the database that this one listens to.
    const directUrl = new URL(connectionString);
    directUrl.pathname = "/postgres";
    await using reader = await openStore({
      connectionString,
      directUrl: directUrl.href,
      pollIntervalMs: 50,
    });
    const follower = await follow(reader);
    await writer.append("account-1", sampleEvents(1));
    await eventually(() => expect(follower.seen).toBe(1));
    await follower.stop();
  });

  test("again after the LISTEN connection was cut, and by what came meanwhile", async () => {
    const { connectionString } = database;
    await using writer = await openStore({ connectionString, wakeup: "poll" });
    await using reader = await openStore({ connectionString, pollIntervalMs: never });
    const follower = await follow(reader);
    await eventually(async () => expect(await listeners()).toHaveLength(1));
    for (let round = 1; round <= 3; round += 1) {
      const [pid] = await listeners();
      await pool.query("select pg_terminate_backend($1)", [pid]);
      await writer.append("account-1", sampleEvents(1));
      await eventually(() => expect(follower.seen).toBe(round));
      await eventually(async () => expect(await listeners()).toHaveLength(1));
    }
    await follower.stop();
  });

  test("by their own process at once", async () => {
    const { connectionString } = database;
    await using store = await openStore({ connectionString, wakeup: "poll", pollIntervalMs: never });
    const follower = await follow(store);
    await store.append("account-1", sampleEvents(2));
    await eventually(() => expect(follower.seen).toBe(2));
    await follower.stop();
  });
});
