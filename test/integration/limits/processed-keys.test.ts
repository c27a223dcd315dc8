import { fileURLToPath } from "node:url";
import { processedKeys } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

interface Tables {
  "shop.effects": { key: string };
  "shop.processed_keys": { key: string; processed_at: Date };
}

const program = fileURLToPath(new URL("processed-keys-process.js", import.meta.url));
const processed = processedKeys({ table: "shop.processed_keys" });
let database: TestDatabase;
let pool: pg.Pool;
let db: Kysely<Tables>;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
  db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  await pool.query("create schema shop");
  await pool.query("create table shop.effects (key text not null)");
  await processed.createTable(db);
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

function addEffect(key: string) {
  return db
    .transaction()
    .execute((tx) =>
      processed.once(tx, key, () => tx.insertInto("shop.effects").values({ key }).executeTakeFirst()),
    );
}

async function effects(): Promise<string[]> {
  const rows = await db.selectFrom("shop.effects").select("key").orderBy("key").execute();
  return rows.map(({ key }) => key);
}

describe("an effect with a processed key", () => {
  test("happens once; a failed one leaves no key", async () => {
    const failed = db.transaction().execute((tx) =>
      processed.once(tx, "a", async () => {
        await tx.insertInto("shop.effects").values({ key: "a" }).execute();
        throw new Error("no");
      }),
    );
    await expect(failed).rejects.toThrow("no");
    expect(await addEffect("a")).toMatchObject({ status: "done" });
    expect(await addEffect("a")).toEqual({ status: "already-done" });
    expect(await effects()).toEqual(["a"]);
    // A migration that runs again does no harm.
    await processed.createTable(db);
  });

  test("is refused outside of a transaction, where the two could come apart", async () => {
    const effect = async () => {};
    const client = await pool.connect();
    try {
      await expect(processed.once(client, "a", effect)).rejects.toThrow("need a transaction");
    } finally {
      client.release();
    }
    await expect(processed.once(db, "a", effect)).rejects.toThrow("need a transaction");
    expect(await addEffect("a")).toMatchObject({ status: "done" });
  });

  test("happens once for several processes with the same keys, also when one is killed", async () => {
    const keys = 150;
    const start = (seed: number) =>
      spawnNode(program, [database.connectionString, String(keys), String(seed)]);
    const [first, second, killed] = [start(1), start(2), start(3)];
    await killed.waitForLine(/^ready$/);
    killed.kill("SIGKILL");
    const counts = await Promise.all(
      [first, second].map(async (one) => {
        const [, json = ""] = await one.waitForLine(/^counts (.+)$/, { timeoutMs: 25_000 });
        const counted: { done: number; "already-done": number } = JSON.parse(json);
        return counted;
      }),
    );
    expect(await effects()).toEqual(Array.from({ length: keys }, (_, index) => `mail:${index}`).toSorted());
    for (const { done, "already-done": before } of counts) expect(done + before).toBe(keys);
    expect(counts.some(({ "already-done": before }) => before > 0)).toBe(true);
  });

  test("happens again when its key was purged", async () => {
    for (const key of ["old", "young"]) await addEffect(key);
    await pool.query(
      "update shop.processed_keys set processed_at = now() - interval '31 days' where key = 'old'",
    );
    await pool.query(`insert into shop.processed_keys
      select 'x' || n, now() - interval '40 days' from generate_series(1, 6000) n`);
    expect(await processed.purge(db, { olderThanDays: 30 })).toBe(6_001);
    expect(await processed.purge(pool, { olderThanDays: 30 })).toBe(0);
    expect(await addEffect("young")).toEqual({ status: "already-done" });
    expect(await addEffect("old")).toMatchObject({ status: "done" });
  });
});
