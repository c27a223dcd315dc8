import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createPool, migrate } from "@tidemark/schema-registry/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function migrationFolder(files: Record<string, string>): Promise<URL> {
  const folder = await mkdtemp(join(inject("testRun").folder, "sql-"));
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return pathToFileURL(`${folder}/`);
}

const first = "create table __SCHEMA__.item (id bigint primary key); insert into __SCHEMA__.item values (1);";
const second = "alter table __SCHEMA__.item add column note text;";

describe("migrate", () => {
  test("runs the files in order, once, and records them with their checksum", async () => {
    const directory = await migrationFolder({ "0001_item.sql": first, "0002_note.sql": second });
    const options = { pool, schema: "in_order", directory };
    expect(await migrate(options)).toEqual({ version: 2, applied: ["item", "note"] });
    expect(await migrate(options)).toEqual({ version: 2, applied: [] });
    const { rows } = await pool.query("select version, name, checksum, applied_at from in_order.migrations");
    expect(rows).toEqual([
      {
        version: 1,
        name: "item",
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
        applied_at: expect.any(Date),
      },
      {
        version: 2,
        name: "note",
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
        applied_at: expect.any(Date),
      },
    ]);
  });

  test("quotes the schema's name and fills further placeholders", async () => {
    const sql =
      "create table __SCHEMA__.__TABLE__ (kind text default __KIND_TEXT__); insert into __SCHEMA__.__TABLE__ default values;";
    const directory = await migrationFolder({ "0001_item.sql": sql });
    const placeholders = { TABLE: '"Odd table"', KIND_TEXT: "'it''s'" };
    await migrate({ pool, schema: 'My "own"', directory, placeholders });
    const { rows } = await pool.query(`select * from "My ""own"""."Odd table"`);
    expect(rows).toEqual([{ kind: "it's" }]);
  });

  test("processes that migrate at the same time run each file once", async () => {
    const directory = await migrationFolder({
      "0001_item.sql": `${first} select pg_sleep(0.1);`,
      "0002_note.sql": second,
    });
    const { connectionString } = database;
    const results = await Promise.all(
      Array.from({ length: 8 }, () => migrate({ connectionString, schema: "at_once", directory })),
    );
    expect(results.map((result) => result.version)).toEqual(Array(8).fill(2));
    expect(results.flatMap((result) => result.applied).toSorted()).toEqual(["item", "note"]);
    expect((await pool.query("select id from at_once.item")).rows).toEqual([{ id: 1n }]);
  });

  test("refuses when the text of an applied migration has changed", async () => {
    const schema = "changed";
    await migrate({ pool, schema, directory: await migrationFolder({ "0001_item.sql": first }) });
    const directory = await migrationFolder({
      "0001_item.sql": `${first} -- later`,
      "0002_note.sql": second,
    });
    await expect(migrate({ pool, schema, directory })).rejects.toMatchObject({
      code: "PG_MIGRATION_CHANGED",
      message:
        "migration 1 (item) was applied to schema changed with another text: restore the file and put the change into a new migration",
    });
    expect((await pool.query("select version from changed.migrations")).rows).toEqual([{ version: 1 }]);
  });

  test("line ends of another system are no change", async () => {
    const schema = "line_ends";
    await migrate({ pool, schema, directory: await migrationFolder({ "0001_item.sql": `${first}\n` }) });
    const directory = await migrationFolder({ "0001_item.sql": `${first}\r\n` });
    expect(await migrate({ pool, schema, directory })).toEqual({ version: 1, applied: [] });
  });

  test("refuses a database that newer code has migrated", async () => {
    const schema = "newer";
    const newer = await migrationFolder({ "0001_item.sql": first, "0002_note.sql": second });
    await migrate({ pool, schema, directory: newer });
    const directory = await migrationFolder({ "0001_item.sql": first });
    await expect(migrate({ pool, schema, directory })).rejects.toMatchObject({
      code: "PG_MIGRATION_NEWER",
      message: expect.stringContaining("has migration 2 (note), this code knows 1: deploy"),
    });
  });

  test("a migration that fails leaves nothing of itself and keeps those before", async () => {
    const schema = "failing";
    const directory = await migrationFolder({
      "0001_item.sql": first,
      "0002_broken.sql": `${second} select 1 / 0;`,
    });
    await expect(migrate({ pool, schema, directory })).rejects.toMatchObject({
      code: "PG_MIGRATION_FAILED",
      message: expect.stringContaining(
        "migration 2 (broken) of schema failing failed and was rolled back: division by zero",
      ),
    });
    const { rows } = await pool.query(
      "select column_name from information_schema.columns where table_schema = 'failing' and table_name = 'item'",
    );
    expect(rows).toEqual([{ column_name: "id" }]);
  });

  test.each([
    [{ "1_item.sql": first }, "1_item.sql in .* is no migration: name it NNNN_lower_case.sql"],
    [{ "0001_item.sql": first, "0003_note.sql": second }, "0003_note.sql in .* is out of order: .* 0002"],
    [{ "0001_item.sql": "select __OTHER__" }, "migration 1 \\(item\\) uses __OTHER__, which has no value"],
  ])("refuses files that it cannot use: %j", async (files, message) => {
    await expect(
      migrate({ pool, schema: "unusable", directory: await migrationFolder(files) }),
    ).rejects.toMatchObject({ code: "PG_MIGRATION_INVALID", message: expect.stringMatching(message) });
  });

  test("the signal ends the wait for another process", async () => {
    const directory = await migrationFolder({ "0001_item.sql": first });
    const blocker = await pool.connect();
    try {
      await blocker.query("begin");
      await blocker.query("select pg_advisory_xact_lock(hashtextextended('tidemark migrate waiting', 0))");
      const controller = new AbortController();
      const waiting = migrate({ pool, schema: "waiting", directory, signal: controller.signal });
      controller.abort(new Error("stopped"));
      await expect(waiting).rejects.toThrow("stopped");
    } finally {
      await blocker.query("rollback");
      blocker.release();
    }
  });
});
