import { existsSync } from "node:fs";
import { join } from "node:path";
import { databaseUrlVariable, openDatabase, type OpenDatabase } from "@tidemark/schema-registry/postgres";
import type { Storage } from "../application/storage.ts";
import { connectKurrentDb, type KurrentDbConnection } from "../kurrentdb/connect-kurrentdb.ts";
import { kurrentDbAddress } from "../kurrentdb/kurrentdb-address.ts";
import { kurrentDbStorage } from "../kurrentdb/kurrentdb-storage.ts";
import { readFrameworkState } from "../postgres/migrate-framework.ts";
import { PostgresProjectionStore } from "../postgres/postgres-projection-store.ts";
import { postgresStorage } from "../postgres/postgres-storage.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CliFailure } from "./cli-failure.ts";
import { resolveInput } from "./resolve-path.ts";

/** Where the application's data is. */
export interface StorageOptions {
  readonly database?: string;
  readonly eventStore?: string;
  readonly namespace?: string;
  readonly dataDir: string;
  readonly schema: string;
}

/** The storage of what is connected. */
export function createStorage(
  { schema, namespace }: StorageOptions,
  connected: {
    readonly kurrentDb: KurrentDbConnection | null;
    readonly database: OpenDatabase;
    readonly migrate: boolean;
    readonly logger: Logger;
  },
): Storage {
  const { kurrentDb, database, migrate, logger } = connected;
  const { connectionString } = database;
  const common = { schema, migrate, logger };
  if (kurrentDb === null) return postgresStorage({ database: connectionString, ...common });
  return kurrentDbStorage({
    client: kurrentDb.client,
    ...(namespace === undefined ? {} : { namespace }),
    projectionStore: new PostgresProjectionStore({ connectionString, ...common }),
    logger,
  });
}

/** @throws CliFailure when the address is none; TidemarkError `store-unavailable`. */
export async function openKurrentDb({ eventStore }: StorageOptions): Promise<KurrentDbConnection | null> {
  if (eventStore === undefined || eventStore === "") return null;
  const parsed = kurrentDbAddress.safeParse(eventStore);
  if (parsed.success) return connectKurrentDb(parsed.data);
  throw new CliFailure(`--event-store or EVENT_STORE ${parsed.error.issues[0]?.message}`);
}

/** @throws CliFailure where a new and empty database would be made. */
export async function openPostgres(
  { database, dataDir }: StorageOptions,
  options: { readonly name: string; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<OpenDatabase & AsyncDisposable> {
  if (database !== undefined && database !== "") {
    if (!databaseUrlVariable.safeParse(database).success)
      throw new CliFailure("--database takes a connection string: postgresql://user@host/database");
    return disposable(await openDatabase({ databaseUrl: database, dataDir, ...options }));
  }
  const folder = resolveInput(dataDir);
  if (!existsSync(join(folder, "postgres"))) {
    throw new CliFailure(
      `No database is named, and ${folder} holds no embedded PostgreSQL: ` +
        "give --database or DATABASE_URL, or with --data-dir the data folder of the application",
    );
  }
  return disposable(await openDatabase({ databaseUrl: null, dataDir: folder, ...options }));
}

function disposable(database: OpenDatabase): OpenDatabase & AsyncDisposable {
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}

/**
 * A command that looks must not make tables, least of all where somebody mistyped a name.
 *
 * @throws CliFailure saying what is there instead of the application's tables.
 */
export async function refuseUnmigrated(
  { connectionString, description }: OpenDatabase,
  { schema }: StorageOptions,
): Promise<void> {
  const { applied, pending } = await readFrameworkState({ connectionString, schema });
  if (applied === 0) {
    throw new CliFailure(
      `The schema ${schema} of ${description} holds no tables of Tidemark: name the right one with --schema, ` +
        "--database or --data-dir (and --event-store, if the events are in KurrentDB), or start the application once",
    );
  }
  if (pending.length > 0) {
    throw new CliFailure(
      `The tables in schema ${schema} of ${description} are of an older Tidemark (it lacks ${pending.join(", ")}): ` +
        "start the application with this version once, which upgrades them",
    );
  }
}
