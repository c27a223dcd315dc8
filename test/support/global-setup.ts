import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
// By path: Vitest loads this file without the "source" condition, and the tests need no build.
import { createPool, startEmbeddedPostgres } from "../../packages/schema-registry/src/postgres/index.ts";
import { makeRunFolder, removeRunFolder, removeStaleRunFolders } from "./run-folders.ts";
import "./test-run.ts";

/** One PostgreSQL for the run: the one of TEST_DATABASE_URL (its user may create databases), else an embedded one. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await removeStaleRunFolders();
  const folder = await makeRunFolder();
  const id = `${Math.floor(Date.now() / 1000).toString(36)}_${randomBytes(4).toString("hex")}`;
  const given = process.env["TEST_DATABASE_URL"];
  const connectionString = given ?? (await startServer(folder));
  if (given !== undefined) await dropDatabases(given, isStale);
  project.provide("testRun", { connectionString, id, folder });
  return async () => {
    if (given !== undefined) await dropDatabases(given, (name) => name.includes(id));
    await removeRunFolder(folder);
  };
}

async function startServer(folder: string): Promise<string> {
  const server = await startEmbeddedPostgres({ dataDir: join(folder, "postgres"), durable: false });
  return server.connectionString();
}

/** Database names begin with the time of their run; a day later the run is over. */
function isStale(name: string): boolean {
  const startedAt = Number.parseInt(name.split("_")[2] ?? "", 36);
  return startedAt < Date.now() / 1000 - 24 * 60 * 60;
}

async function dropDatabases(connectionString: string, condition: (name: string) => boolean): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    const { rows } = await pool.query<{ name: string }>(
      "select datname as name from pg_database where datname like 'tidemark\\_test\\_%'",
    );
    for (const { name } of rows.filter((row) => condition(row.name))) {
      await pool.query(`alter database "${name}" with is_template false`);
      await pool.query(`drop database if exists "${name}" with (force)`);
    }
  } finally {
    await pool.end();
  }
}
