import { randomUUID } from "node:crypto";
import type { AppendOutcome } from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
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

  test("beyond what may wait are refused at once, and nothing of them is stored", async () => {
    const payload = Buffer.alloc(200_000);
    const before = await store.head();
    const appends = Array.from({ length: 500 }, (_, index) =>
      store.append(`flood-${index}`, sampleEvents(1, { data: payload })),
    );
    const settled = await Promise.allSettled(appends);
    const refused = settled.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: "overloaded", retryable: true } });
    expect(await store.head()).toBe(before + BigInt(settled.length - refused.length));
  });
});
