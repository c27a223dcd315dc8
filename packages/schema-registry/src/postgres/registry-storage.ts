import type pg from "pg";
import type { RegistryStorage } from "../registry/registry-storage.ts";
import type { Logger } from "../logger.ts";
import { migrate, type MigrateResult } from "./migrate.ts";
import { prepared } from "./prepared-statement.ts";
import { quoteIdentifier } from "./quote-identifier.ts";
import { readerSchemaStorage } from "./reader-schema-storage.ts";
import { isTransient, translated } from "./registry-storage-failure.ts";
import { registryLockStatement } from "./registry-storage-lock.ts";
import { createSubjectQueue } from "./registry-storage-queue.ts";
import { type Queryable, registryReader } from "./registry-storage-reader.ts";
import { registryWriter } from "./registry-storage-writer.ts";
import { transferStorage } from "./transfer-storage.ts";

export interface PostgresRegistryStorageOptions {
  /** Stays the caller's: it is not closed here. */
  readonly pool: pg.Pool;
  /** The database schema that {@link migrateRegistry} filled; `schema_registry` by default. */
  readonly schema?: string;
  /** False for poolers that give each transaction another connection, and lose statements with it; true by default. */
  readonly preparedStatements?: boolean;
}

const defaultRegistrySchema = "schema_registry";

// A deadlock or a clash of ids ends as soon as one of the two is through; more than this is a fault.
const attempts = 5;

/** The registry's history in PostgreSQL, in a database schema of its own. */
export function postgresRegistryStorage({
  pool,
  schema = defaultRegistrySchema,
  preparedStatements = true,
}: PostgresRegistryStorageOptions): RegistryStorage {
  const tables = quoteIdentifier(schema);
  const enqueue = createSubjectQueue();
  const named = preparedStatements ? prepared : <T>(statement: T): T => statement;
  const query: Queryable = (statement) => pool.query(named(statement));

  const send: Queryable = (statement) => translated(() => query(statement));

  return {
    ...registryReader(send, tables),
    readers: readerSchemaStorage(send, tables),
    transfer: transferStorage({ pool, schema, tables }),

    serialised({ subject, shared = [] }, work) {
      const lock = registryLockStatement(schema, subject, shared);
      // Waiting here instead of in the database leaves the pool's connections to reads and to other subjects.
      return enqueue(subject, () =>
        translated(async () => {
          for (let attempt = 1; ; attempt += 1) {
            try {
              return await inTransaction(pool, lock, (send) =>
                work(registryWriter((statement) => send(named(statement)), tables)),
              );
            } catch (error) {
              if (attempt >= attempts || !isTransient(error)) throw error;
            }
          }
        }),
      );
    },
  };
}

/** Creates or upgrades the registry's tables; any number of processes may call it at once. */
export async function migrateRegistry(
  options: PostgresRegistryStorageOptions & { readonly logger?: Logger; readonly signal?: AbortSignal },
): Promise<MigrateResult> {
  const { pool, schema = defaultRegistrySchema, logger, signal } = options;
  const directory = new URL("../../sql/", import.meta.url);
  return migrate({ pool, schema, directory, ...(logger && { logger }), ...(signal && { signal }) });
}

async function inTransaction<T>(
  pool: pg.Pool,
  lock: string,
  work: (send: Queryable) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query(`begin; ${lock}`);
    const result = await work((statement) => client.query(statement));
    await client.query("commit");
    broken = false;
    return result;
  } catch (error) {
    await client.query("rollback").then(
      () => (broken = false),
      () => undefined,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}
