import type pg from "pg";
import type { Logger } from "../logger.ts";
import { fillPlaceholders, readMigrationFiles, type MigrationFile } from "./migration-files.ts";
import { createPool } from "./pool.ts";
import { PostgresError } from "./postgres-error.ts";
import { quoteIdentifier } from "./quote-identifier.ts";

export interface MigrateOptions {
  /** Where to run; give either a pool, which stays open, or a connection string. */
  pool?: pg.Pool;
  connectionString?: string;
  /** The database schema that the migrations fill; created when it is missing. Its name takes the place of `__SCHEMA__`. */
  schema: string;
  /** The folder of the `NNNN_name.sql` files. */
  directory: URL;
  /** SQL text for further `__NAME__` placeholders, by NAME; it is inserted as it is, so quote it. */
  placeholders?: Readonly<Record<string, string>>;
  /** Ends the wait for another process's migration and keeps the next one from starting. */
  signal?: AbortSignal;
  logger?: Logger;
}

export interface MigrateResult {
  /** The version that the database has now. */
  version: number;
  /** The names of the migrations that this call ran. */
  applied: string[];
}

interface AppliedMigration {
  version: number;
  name: string;
  checksum: string;
}

/**
 * Brings a database schema to the newest migration. Each migration is one transaction under an advisory lock that
 * ends with it, so any number of processes may call this at the same time, also through a connection pooler. What
 * ran is recorded in `<schema>.migrations` (version, name, sha256, applied_at); a database that is up to date is
 * only read.
 *
 * @throws PostgresError PG_MIGRATION_CHANGED, PG_MIGRATION_NEWER, PG_MIGRATION_INVALID or PG_MIGRATION_FAILED; the
 * migrations before the one that failed stay applied.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const files = await readMigrationFiles(options.directory);
  return withPool(options, (pool) => runAll(pool, files, options));
}

/** What {@link migrate} would find and do; nothing is changed. */
export interface MigrationState {
  /** Migrations that have run; 0 when the schema is not there. */
  readonly applied: number;
  /** The names of those that would run, in order. */
  readonly pending: readonly string[];
}

/** @throws PostgresError PG_MIGRATION_CHANGED or PG_MIGRATION_NEWER, as {@link migrate} does. */
export async function readMigrationState(
  options: Pick<MigrateOptions, "pool" | "connectionString" | "schema" | "directory">,
): Promise<MigrationState> {
  const files = await readMigrationFiles(options.directory);
  return withPool(options, async (pool) => {
    const client = await pool.connect();
    try {
      const applied = await readApplied(client, options.schema);
      nextMigration(files, applied, options.schema);
      return { applied: applied.length, pending: files.slice(applied.length).map(({ name }) => name) };
    } finally {
      client.release();
    }
  });
}

async function withPool<Result>(
  options: Pick<MigrateOptions, "pool" | "connectionString">,
  use: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  if (options.pool !== undefined) return use(options.pool);
  if (options.connectionString === undefined)
    throw new TypeError("migrations need a pool or a connectionString");
  const pool = createPool({ connectionString: options.connectionString, max: 1, applicationName: "migrate" });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

async function runAll(
  pool: pg.Pool,
  files: MigrationFile[],
  options: MigrateOptions,
): Promise<MigrateResult> {
  const { schema, signal, logger } = options;
  const applied: string[] = [];
  const client = await pool.connect();
  let broken = true;
  try {
    let next = nextMigration(files, await readApplied(client, schema), schema);
    while (next !== undefined) {
      signal?.throwIfAborted();
      const ran = await runNext(client, files, options);
      if (ran !== undefined) {
        applied.push(ran.name);
        logger?.info({ schema, version: ran.version, name: ran.name }, "Migration applied");
      }
      next = nextMigration(files, await readApplied(client, schema), schema);
    }
    broken = false;
    return { version: files.length, applied };
  } finally {
    client.release(broken);
  }
}

/** Runs the first pending migration; undefined when another process did it while this one waited for the lock. */
async function runNext(
  client: pg.PoolClient,
  files: MigrationFile[],
  options: MigrateOptions,
): Promise<MigrationFile | undefined> {
  const schema = quoteIdentifier(options.schema);
  await beginLocked(client, options);
  await client.query(`create schema if not exists ${schema}`);
  await client.query(
    `create table if not exists ${schema}.migrations (
       version integer primary key, name text not null, checksum text not null,
       applied_at timestamptz not null default clock_timestamp())`,
  );
  const file = nextMigration(files, await readApplied(client, options.schema), options.schema);
  if (file !== undefined) {
    const sql = fillPlaceholders(file, { ...options.placeholders, SCHEMA: schema });
    await client.query(sql).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `migration ${file.version} (${file.name}) of schema ${options.schema} failed and was rolled back: ${reason}`;
      throw new PostgresError("PG_MIGRATION_FAILED", message, { cause });
    });
    await client.query(`insert into ${schema}.migrations (version, name, checksum) values ($1, $2, $3)`, [
      file.version,
      file.name,
      file.checksum,
    ]);
  }
  await client.query("commit");
  return file;
}

/** Begins a transaction that holds the migration lock. It waits in short steps so that the signal is heard. */
async function beginLocked(client: pg.PoolClient, options: MigrateOptions): Promise<void> {
  for (;;) {
    options.signal?.throwIfAborted();
    await client.query("begin");
    await client.query("set local lock_timeout = '500ms'");
    try {
      await client.query("select pg_advisory_xact_lock(hashtextextended('tidemark migrate ' || $1, 0))", [
        options.schema,
      ]);
      await client.query("set local lock_timeout to default");
      return;
    } catch (error) {
      await client.query("rollback");
      const lockNotAvailable = error instanceof Error && "code" in error && error.code === "55P03";
      if (!lockNotAvailable) throw error;
      options.logger?.debug({ schema: options.schema }, "Another process is migrating; waiting");
    }
  }
}

async function readApplied(client: pg.ClientBase, schema: string): Promise<AppliedMigration[]> {
  const table = `${quoteIdentifier(schema)}.migrations`;
  const found = await client.query<{ found: boolean }>("select to_regclass($1) is not null as found", [
    table,
  ]);
  if (found.rows[0]?.found !== true) return [];
  const applied = await client.query<AppliedMigration>(
    `select version, name, checksum from ${table} order by version`,
  );
  return applied.rows;
}

function nextMigration(
  files: MigrationFile[],
  applied: AppliedMigration[],
  schema: string,
): MigrationFile | undefined {
  for (const record of applied) {
    const file = files[record.version - 1];
    if (file === undefined) {
      throw new PostgresError(
        "PG_MIGRATION_NEWER",
        `schema ${schema} has migration ${record.version} (${record.name}), this code knows ${files.length}: ` +
          "deploy the version of the application that wrote it, or a newer one",
      );
    }
    if (file.checksum !== record.checksum) {
      throw new PostgresError(
        "PG_MIGRATION_CHANGED",
        `migration ${file.version} (${file.name}) was applied to schema ${schema} with another text: ` +
          "restore the file and put the change into a new migration",
      );
    }
  }
  return files[applied.length];
}
