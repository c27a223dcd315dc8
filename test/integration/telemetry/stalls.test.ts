import { readModel, type Application } from "@tidemark/framework";
import { postgresStorage } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { sql } from "kysely";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { Account, startObserved } from "../../support/observed-application.ts";
import { parseMetrics } from "../../support/parse-metrics.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let pool: pg.Pool;
let application: Application<readonly [typeof Account]>;

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({
    connectionString: database.connectionString,
    max: 1,
    applicationName: "someone's migration",
  });
  application = await startObserved(postgresStorage({ database: database.connectionString }));
});
afterEach(async () => {
  await pool.end();
  await application.close();
  await database.drop();
});

async function whileLocked(table: string, mode: string, look: (pid: number) => Promise<void>): Promise<void> {
  const locker = await pool.connect();
  try {
    await locker.query("begin");
    await locker.query(`lock table ${table} in ${mode} mode`);
    const { rows } = await locker.query<{ pid: number }>("select pg_backend_pid() as pid");
    await look(rows[0]?.pid ?? 0);
  } finally {
    await locker.query("rollback");
    locker.release();
  }
}

describe("what stalls", () => {
  test("a projector is named with its statement, and so is the session that holds it up", async () => {
    await application.execute(Account, "1", "open", { owner: "Ada" });
    await waitFor(async () => (await application.operations.status()).consumers[0]?.lag === 0n);
    expect(await application.operations.stalls()).toEqual([]);
    const build = (await application.projections.status())[0]?.builds[0]?.build;
    await whileLocked(`${build?.schema}.owners`, "access exclusive", async (pid) => {
      await application.execute(Account, "2", "open", { owner: "Bob" });
      const stalls = await waitFor(async () => {
        const found = await application.operations.stalls();
        return found.length > 0 && found;
      });
      expect(stalls).toMatchObject([
        {
          session: {
            application: "tidemark project",
            state: "active",
            query: expect.stringMatching(/^with fence as \(update "tidemark"\.checkpoints set store_id = /),
          },
          waitsFor: `${build?.schema}.owners`,
          blockedBy: {
            pid,
            application: "someone's migration",
            state: "idle in transaction",
            query: "select pg_backend_pid() as pid",
          },
        },
      ]);

      const status = await application.operations.status();
      expect(status.consumers[0]).toMatchObject({ name: "owners", lag: 1n });
      expect(status.consumers[0]?.lagSeconds).toBeGreaterThan(0);
      expect(status.stalls).toMatchObject(
        stalls.map(({ blockedBy }) => ({ blockedBy: { pid: blockedBy?.pid } })),
      );
      const sample = parseMetrics(await application.operations.metrics.text()).find(
        ({ name }) => name === "tidemark_database_stalled_seconds",
      );
      expect(sample?.labels).toMatchObject({
        session: "tidemark project",
        blocked_by: "someone's migration",
        blocked_by_pid: String(pid),
      });
    });
    await waitFor(async () => (await application.operations.status()).consumers[0]?.lag === 0n);
    expect(await application.operations.stalls()).toEqual([]);
  });

  test("an append is named, too", async () => {
    await whileLocked("tidemark.events", "exclusive", async (pid) => {
      const waiting = application.execute(Account, "1", "open", { owner: "Ada" });
      waiting.catch(() => undefined);
      const [stall] = await waitFor(async () => {
        const found = await application.operations.stalls();
        return found.length > 0 && found;
      });
      expect(stall).toMatchObject({
        session: { application: "tidemark append" },
        waitsFor: "tidemark.events",
        blockedBy: { pid },
      });
    });
    await waitFor(async () => (await application.operations.status()).head === 1n);
  });

  test("a statement that is slow by itself is named without anybody to blame", async () => {
    const slow = readModel<object>().defineProjection({
      name: "slow",
      version: 1,
      events: [Opened],
      migrations: [{ name: "nothing", up: async () => undefined }],
      project: { Opened: (tx) => sql`select pg_sleep(6.5)`.execute(tx) },
    });
    const storage = postgresStorage({ database: database.connectionString });
    await using slowApplication = await startObserved(storage, { readModels: [slow] });
    await slowApplication.execute(Account, "1", "open", { owner: "Ada" });
    const [stall] = await waitFor(async () => {
      const found = await slowApplication.operations.stalls();
      return found.length > 0 && found;
    });
    expect(stall).toMatchObject({
      session: { application: "tidemark project", query: "select pg_sleep(6.5)" },
      waitsFor: null,
      blockedBy: null,
    });
    expect(stall?.session.seconds).toBeGreaterThanOrEqual(5);
  });

  test("the status itself is said in place of it, and the metrics have what is left", async () => {
    await whileLocked("tidemark.events", "access exclusive", async (pid) => {
      // More than the store has connections for reads: what stalls is told by the read models' then.
      for (let read = 0; read < 10; read += 1) application.eventStore.head().catch(() => undefined);
      const status = application.operations.status();
      const text = application.operations.metrics.text();
      await expect(status).rejects.toMatchObject({
        code: "store-unavailable",
        message: expect.stringContaining(`session ${pid} of "someone's migration" holds its statements up`),
      });
      const samples = parseMetrics(await text);
      expect(samples.find(({ name }) => name === "tidemark_status_available")?.value).toBe(0);
      expect(samples.some(({ name }) => name === "tidemark_pool_connections")).toBe(true);
      const stalled = parseMetrics(await application.operations.metrics.text()).find(
        ({ name }) => name === "tidemark_database_stalled_seconds",
      );
      expect(stalled?.labels).toMatchObject({ waits_for: "tidemark.events", blocked_by_pid: String(pid) });
    });
  });

  test("is left out where nobody may say, and the rest of the status comes", async () => {
    const { telemetry } = application.eventStore;
    if (telemetry === undefined) throw new Error("the store on PostgreSQL tells");
    const role = `watcher_${database.name}`;
    const admin = await pool.connect();
    try {
      await admin.query(`create role "${role}" login password 'watcher'`);
      await admin.query(`grant usage on schema tidemark to "${role}"`);
      const url = new URL(database.connectionString);
      url.username = role;
      url.password = "watcher";
      const own = createPool({ connectionString: url.href, max: 1, applicationName: "tidemark watcher" });
      try {
        const { stallsText } = await import("../../../packages/framework/src/postgres/read-stalls.ts");
        const { rows } = await own.query<(string | null)[]>({ text: stallsText, rowMode: "array" });
        expect(rows).toEqual([]);
      } finally {
        await own.end();
      }
    } finally {
      await admin.query(`drop owned by "${role}"`);
      await admin.query(`drop role "${role}"`);
      admin.release();
    }
  });
});
