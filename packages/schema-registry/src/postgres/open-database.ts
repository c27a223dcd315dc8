import { join } from "node:path";
import type { Logger } from "../logger.ts";
import { checkDatabase } from "./check-database.ts";
import { startEmbeddedPostgres } from "./embedded/embedded-postgres.ts";

export interface OpenDatabaseOptions {
  /** `null`: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  /** A folder for the process's data; the embedded PostgreSQL takes `postgres` in it. */
  readonly dataDir: string;
  /** The database of the embedded PostgreSQL, made when it is missing. */
  readonly name: string;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

export interface OpenDatabase {
  readonly connectionString: string;
  /** For people: where the data is, without a password. */
  readonly description: string;
  /** Leaves the embedded server to other processes that use it. */
  close(): Promise<void>;
}

/**
 * The database of a connection string, or an embedded PostgreSQL that keeps its data in a folder.
 *
 * @throws PostgresError with one sentence that says what to do.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenDatabase> {
  const { databaseUrl, dataDir, name, ...rest } = options;
  if (databaseUrl !== null) {
    await checkDatabase({ connectionString: databaseUrl });
    const { host, pathname } = new URL(databaseUrl);
    return { connectionString: databaseUrl, description: `${host}${pathname}`, close: async () => undefined };
  }
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres"), ...rest });
  const connectionString = await server.ensureDatabase(name);
  return { connectionString, description: dataDir, close: () => server.close() };
}
