import {
  bigint,
  defineEvent,
  defineFoldProjection,
  defineTable,
  EventSerializer,
  readModel,
  text,
  type AnyProjection,
  type ProjectionContext,
  type ProjectionSupervisor,
} from "@tidemark/framework";
import type { Kysely } from "kysely";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, Bank, Moved, Opened } from "../../support/bank.ts";
import { opened, ownersByFold } from "../../support/owners.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
const banks: Bank[] = [];

async function openBank(): Promise<Bank> {
  const bank = await Bank.open(database.connectionString);
  banks.push(bank);
  return bank;
}

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterEach(async () => {
  for (const bank of banks.splice(0).toReversed()) await bank[Symbol.asyncDispose]();
  await database.drop();
});

const quick = { steps: 3, duration: 5, factor: 2, jitter: 0, cap: 20 };

interface Tables {
  owners: { account_id: string; owner: string };
}

function ownersByHandlers(
  handle: (owner: string, context: ProjectionContext, tx: Kysely<Tables>) => Promise<void> | void,
): AnyProjection & { readonly "~tables"?: Tables } {
  return readModel<Tables>().defineProjection({
    name: "owners",
    version: 1,
    events: [Opened],
    migrations: [
      {
        name: "create owners",
        up: (db) =>
          db.schema
            .createTable("owners")
            .addColumn("account_id", "text", (column) => column.primaryKey())
            .addColumn("owner", "text", (column) => column.notNull())
            .execute(),
      },
    ],
    project: {
      Opened: async (tx, { aggregateId, data }, context) => {
        await tx.insertInto("owners").values({ account_id: aggregateId, owner: data.owner }).execute();
        await handle(data.owner, context, tx);
      },
    },
  });
}

test("a handler that writes without end fails at maxHandlerBytes, parks its own event, and others go on", async () => {
  const bank = await openBank();
  let written = 0;
  const projection = ownersByHandlers(async (owner, _context, tx) => {
    // It goes on after it was told, as a handler that catches everything does.
    for (let refused = 0; owner === "hoards" && refused < 3; written += 1) {
      const values = { account_id: `${written} ${"x".repeat(500)}`, owner };
      await tx
        .insertInto("owners")
        .values(values)
        .execute()
        .catch(() => (refused += 1));
    }
  });
  const supervisor = bank.supervisor([projection], { retry: quick, maxHandlerBytes: 100_000 });
  await supervisor.start();
  await bank.append([opened("a", "ada"), opened("b", "hoards")]);
  const head = await bank.append([opened("c", "cleo")]);
  await waitFor(async () => (await supervisor.status())[0]?.builds[0]?.positions[0]?.position === head);
  const [parked] = await bank.deadLetters(supervisor).list();
  expect(parked).toMatchObject({ sequence: "stream:account-b", attempts: 3 });
  expect(parked?.error).toMatch(/has sent 10\d{4} bytes for one event, more than maxHandlerBytes \(100000\)/);
  expect(await owners()).toEqual(["ada", "cleo"]);
});

async function holderOf(supervisor: ProjectionSupervisor) {
  return (await supervisor.status())[0]?.builds[0]?.holders[0];
}

async function owners(): Promise<readonly string[]> {
  const pool = createPool({ connectionString: database.connectionString, max: 1 });
  try {
    const { rows } = await pool.query<{ owner: string }>(
      "select owner from tidemark_owners_v1_b1.owners order by 1",
    );
    return rows.map(({ owner }) => owner);
  } finally {
    await pool.end();
  }
}

describe("an event that fails", () => {
  test("in a handler is tried again with growing attempts, and passed when it works", async () => {
    const bank = await openBank();
    await bank.append([opened("a", "1"), opened("b", "2"), opened("c", "3")]);
    const attempts: [string, number][] = [];
    const projection = ownersByHandlers((owner, { attempt, fencingToken, replaying, partition }) => {
      attempts.push([owner, attempt]);
      expect({ fencingToken, replaying, partition }).toEqual({
        fencingToken: 1n,
        replaying: true,
        partition: 0,
      });
      if (owner === "2" && attempts.filter(([name]) => name === "2").length < 4) throw new Error("not yet");
    });
    const supervisor = bank.supervisor([projection], { retry: { ...quick, steps: 10 } });
    await supervisor.start();
    await supervisor.whenReady();
    // First all in one transaction, then one event each.
    expect(attempts).toEqual([
      ["1", 1],
      ["2", 1],
      ["1", 1],
      ["2", 1],
      ["2", 2],
      ["2", 3],
      ["3", 1],
    ]);
    expect(await owners()).toEqual(["1", "2", "3"]);
  });

  test.each([
    [
      "in a handler",
      ownersByHandlers((owner) => (owner === "throws" ? Promise.reject(new Error("no")) : undefined)),
    ],
    ["in a fold", ownersByFold],
  ])("%s is parked, and the other accounts go on", async (_, projection) => {
    const bank = await openBank();
    await bank.append([opened("a", "1"), opened("b", "2"), opened("c", "throws"), opened("d", "4")]);
    const supervisor = bank.supervisor([projection], { retry: quick, leaseMs: 300 });
    await supervisor.start();
    await supervisor.whenReady();
    expect(await bank.deadLetters(supervisor).list()).toMatchObject([{ events: 1n, firstPosition: 3n }]);
    expect(await owners()).toEqual(["1", "2", "4"]);
    expect((await supervisor.query(projection)).state).toBe("degraded");
  });

  test("by running out of time is told to stop, and its transaction is undone", async () => {
    const bank = await openBank();
    await bank.append([opened("a", "1"), opened("b", "hangs")]);
    const reasons: unknown[] = [];
    const afterwards: unknown[] = [];
    const projection = ownersByHandlers(async (owner, { signal }, tx) => {
      if (owner !== "hangs") return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
      // What it still does would take effect by itself if its transaction were merely rolled back.
      for (let late = 0; late < 10; late += 1) {
        const insert = tx.insertInto("owners").values({ account_id: `late ${late}`, owner: "late" });
        afterwards.push(await insert.execute().catch(() => "refused"));
      }
    });
    const supervisor = bank.supervisor([projection], { retry: quick, leaseMs: 300, handlerTimeoutMs: 50 });
    await supervisor.start();
    await waitFor(async () => (await bank.deadLetters(supervisor).list()).length === 1);
    expect((await bank.deadLetters(supervisor).list())[0]?.error).toMatch(/took longer than 50 ms/);
    expect(reasons[0]).toMatchObject({ message: expect.stringContaining("took longer") });
    await waitFor(() => afterwards.length >= 10);
    expect(new Set(afterwards)).toEqual(new Set(["refused"]));
    expect(await owners()).toEqual(["1"]);
    const since = performance.now();
    await supervisor.close();
    expect(performance.now() - since).toBeLessThan(1_500);
  });
});

describe("an outage", () => {
  test("of what a handler calls is waited for, and counts no attempt", async () => {
    const bank = await openBank();
    await bank.append([opened("a", "1")]);
    const attempts: number[] = [];
    const projection = ownersByHandlers((_, { attempt }) => {
      attempts.push(attempt);
      const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      if (attempts.length < 6) throw new TypeError("fetch failed", { cause: refused });
    });
    const supervisor = bank.supervisor([projection], { retry: { ...quick, steps: 1 } });
    await supervisor.start();
    await supervisor.whenReady();
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await owners()).toEqual(["1"]);
  });

  test("of the database's connections is survived, and nothing is lost or doubled", async () => {
    const bank = await openBank();
    const supervisor = bank.supervisor([accountsFold(1)], { leaseMs: 1_000 });
    await supervisor.start();
    await supervisor.whenReady();
    const pool = createPool({
      connectionString: database.connectionString,
      max: 1,
      applicationName: "killer",
    });
    const history = Array.from({ length: 300 }, (_, index) => ({
      account: `a${index % 10}`,
      event: Moved({ cents: 1n, to: "b" }),
    }));
    const terminate = () =>
      pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name in ('tidemark project', 'tidemark control', 'tidemark heartbeat', 'tidemark listen')",
      );
    for (let from = 0; from < history.length; from += 30) {
      await bank.append(history.slice(from, from + 30));
      await terminate();
    }
    await waitFor(async () => (await supervisor.status())[0]?.builds[0]?.events === 300n);
    const { db } = await supervisor.query(accountsFold(1));
    const row = await db
      .selectFrom("accounts")
      .selectAll()
      .where("account_id", "=", "b")
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ cents: 300n, moves: 300 });
    await pool.end();
  });
});

describe("an event that is newer than this node", () => {
  const OpenedV2 = defineEvent(
    {
      type: "record",
      name: "Opened",
      namespace: "bank",
      fields: [
        { name: "owner", type: "string" },
        { name: "limit", type: "long" },
      ],
    },
    { version: 2, upcaster: { from: Opened, upcast: ({ owner }) => ({ owner, limit: 0n }) } },
  );

  test("is left to a node that knows it", async () => {
    const bank = await openBank();
    const old = bank.supervisor([ownersByFold], { leaseMs: 300, retry: quick });
    await old.start();
    await old.whenReady();
    await bank.append([opened("a", "1")]);
    const serializer = new EventSerializer([OpenedV2]);
    const context = {
      correlationId: null,
      causationId: null,
      metadata: { actor: null, traceparent: null, user: {} },
    };
    const newer = serializer.encode(OpenedV2({ owner: "2", limit: 5n }), crypto.randomUUID(), context);
    await bank.eventStore.append("account-b", [newer]);
    await bank.append([opened("c", "3")]);
    await waitFor(async () => (await owners()).length === 1 && (await holderOf(old)) === undefined);
    expect((await old.status())[0]?.builds[0]?.workers).toEqual([
      {
        partition: 0,
        state: "waiting",
        error: expect.stringContaining("bank.Opened version 2 at position 2"),
        parked: 0,
        counts: { handled: 1, retries: 0, outages: 0, buffered: 0, bufferLimit: null },
      },
    ]);

    // The same read model: the projection's version counts, and its declared data does not name versions of others.
    const next = defineFoldProjection({
      name: "owners",
      version: 2,
      events: [OpenedV2],
      table: defineTable("owners", { account_id: text(), limit: bigint() }, { primaryKey: ["account_id"] }),
      keys: (event) => event.aggregateId,
      fold: { Opened: (_, { data }, account_id) => ({ account_id, limit: data.limit }) },
    });
    const node = await openBank();
    const supervisor = node.supervisor([next], { serializer });
    await supervisor.start();
    await supervisor.whenReady();
    const { db } = await supervisor.query(next);
    expect(
      await db.selectFrom("owners").select(["account_id", "limit"]).orderBy("account_id").execute(),
    ).toEqual([
      { account_id: "a", limit: 0n },
      { account_id: "b", limit: 5n },
      { account_id: "c", limit: 0n },
    ]);
  });
});
