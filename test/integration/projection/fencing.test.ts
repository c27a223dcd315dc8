import { randomUUID } from "node:crypto";
import {
  defineFoldProjection,
  defineTable,
  integer,
  text,
  type AcquiredLease,
  type Build,
} from "@tidemark/framework";
import type { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Bank, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const table = defineTable("things", { id: text(), n: integer() }, { primaryKey: ["id"] });
const projection = defineFoldProjection({
  name: "things",
  version: 1,
  events: [Opened],
  table,
  keys: (event) => event.aggregateId,
  fold: { Opened: (_, __, id) => ({ id, n: 1 }) },
});

let database: TestDatabase;
let bank: Bank;
let store: PostgresProjectionStore;
let build: Build;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
  store = bank.store;
});
afterAll(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});
beforeEach(async () => {
  for (const { build: old } of await store.builds()) await store.cancel(old);
  ({ build } = await store.createBuild(projection, { fingerprint: {}, target: 0n, anew: true }));
});

async function acquire(leaseMs: number, owner: string = randomUUID()): Promise<AcquiredLease | null> {
  return store.acquire({ subscription: build.subscription, partition: 0, owner, label: "test", leaseMs });
}

async function mustAcquire(leaseMs: number, owner?: string): Promise<AcquiredLease> {
  return waitFor(() => acquire(leaseMs, owner), { what: "the lease" });
}

function checkpoint(position: bigint) {
  return { storeId: bank.eventStore.storeId, position, eventId: randomUUID() };
}

const change = (id: string, position: bigint, stored = false) =>
  ({ key: [id], row: { id, n: Number(position) }, stored, position }) as const;

async function rows(): Promise<unknown> {
  const things = sql.id(build.schema, "things");
  return (await sql`select id, n from ${things} order by id`.execute(store.database(build))).rows;
}

describe("a lease", () => {
  test("has one owner until it expires, and each change of owner raises the token", async () => {
    const first = await mustAcquire(300);
    expect(await acquire(300)).toBeNull();
    const second = await mustAcquire(300);
    expect(second.lease.fencingToken).toBeGreaterThan(first.lease.fencingToken);
  });

  test("does not expire while it is renewed, and is free as soon as it is released", async () => {
    const { lease } = await mustAcquire(10_000);
    const report = { lease, state: "running", error: null };
    expect(await store.renew([report], 10_000)).toEqual([lease]);
    expect(await acquire(300)).toBeNull();
    await store.release(lease);
    expect(await acquire(300)).not.toBeNull();
    expect(await store.renew([report], 10_000)).toEqual([]);
  });

  test("may be taken again by its owner, who then has a new token", async () => {
    const owner = randomUUID();
    const first = await mustAcquire(10_000, owner);
    const again = await mustAcquire(10_000, owner);
    expect(again.lease.fencingToken).toBeGreaterThan(first.lease.fencingToken);
  });

  test("is not given for a subscription that does not exist", async () => {
    const request = {
      subscription: "nothing",
      partition: 0,
      owner: randomUUID(),
      label: "test",
      leaseMs: 300,
    };
    expect(await store.acquire(request)).toBeNull();
  });
});

describe("the commit of an owner that was taken over", () => {
  test("is rejected with its rows, in every way to commit", async () => {
    const zombie = await mustAcquire(1);
    const owner = await mustAcquire(10_000);
    await store.commitRows(build, table, [change("a", 5n)], {
      lease: owner.lease,
      checkpoint: checkpoint(5n),
      events: 1,
    });

    const stale = { lease: zombie.lease, checkpoint: checkpoint(9n), events: 1 };
    const many = Array.from({ length: 10_001 }, (_, index) => change(`many${index}`, 9n));
    await expect(store.commitRows(build, table, [change("b", 9n)], stale)).rejects.toMatchObject({
      code: "lease-lost",
    });
    await expect(store.commitRows(build, table, many, stale)).rejects.toMatchObject({ code: "lease-lost" });
    await expect(store.saveCheckpoint(zombie.lease, stale.checkpoint)).rejects.toMatchObject({
      code: "lease-lost",
    });
    const handlers = store.commitHandlers(
      build,
      async (tx) => void (await sql`insert into things values ('c', 9, 9)`.execute(tx)),
      stale,
      { timeoutMs: 1_000, signal: new AbortController().signal },
    );
    await expect(handlers).rejects.toMatchObject({ code: "lease-lost" });

    expect(await rows()).toEqual([{ id: "a", n: 5 }]);
    expect((await store.readPositions([build.subscription])).get(build.subscription)).toEqual([
      { partition: 0, position: 5n },
    ]);
  });

  test("is waited for when it is under way, and the heir starts behind it", async () => {
    const zombie = await mustAcquire(1);
    let heir: Promise<AcquiredLease | null> | undefined;
    await store.commitHandlers(
      build,
      async (tx) => {
        await sql`insert into things values ('late', 7, 7)`.execute(tx);
        // Holds what the commit's last statement would hold, so that the heir has to wait.
        await sql`select from tidemark.checkpoints where subscription = ${build.subscription} for update`.execute(
          tx,
        );
        heir = acquire(10_000);
      },
      { lease: zombie.lease, checkpoint: checkpoint(7n), events: 1 },
      { timeoutMs: 1_000, signal: new AbortController().signal },
    );
    expect((await heir)?.checkpoint?.position).toBe(7n);
  });
});

describe("rows", () => {
  test("that are newer than the projector knows refuse the whole commit", async () => {
    const { lease } = await mustAcquire(10_000);
    const commit = (position: bigint) => ({ lease, checkpoint: checkpoint(position), events: 1 });
    await store.commitRows(build, table, [change("a", 5n), change("b", 5n)], commit(5n));
    const again = store.commitRows(build, table, [change("c", 5n), change("a", 5n, true)], commit(6n));
    await expect(again).rejects.toMatchObject({ code: "lease-lost" });
    const gone = store.commitRows(build, table, [{ ...change("d", 8n, true), row: null }], commit(8n));
    await expect(gone).rejects.toMatchObject({ code: "lease-lost" });
    expect(await rows()).toEqual([
      { id: "a", n: 5 },
      { id: "b", n: 5 },
    ]);
  });
});
