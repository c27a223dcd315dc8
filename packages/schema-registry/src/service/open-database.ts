import { join } from "node:path";
import type { Logger } from "../logger.ts";
import { checkDatabase } from "../postgres/check-database.ts";
import { startEmbeddedPostgres } from "../postgres/embedded/embedded-postgres.ts";
import type { ServiceConfig } from "./service-config.ts";

export interface Database {
  readonly connectionString: string;
  /** For people: where the data is, without a password. */
  readonly description: string;
  close(): Promise<void>;
}

/**
 * The database of DATABASE_URL, or an embedded PostgreSQL that keeps its data in the data folder.
 *
 * @throws PostgresError with one sentence that says what to do.
 */
export async function openDatabase(
  { databaseUrl, dataDir }: Pick<ServiceConfig, "databaseUrl" | "dataDir">,
  options: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<Database> {
  if (databaseUrl !== null) {
    await checkDatabase({ connectionString: databaseUrl });
    const { host, pathname } = new URL(databaseUrl);
    return { connectionString: databaseUrl, description: `${host}${pathname}`, close: async () => undefined };
  }
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres"), ...options });
  const connectionString = await server.ensureDatabase("schema_registry");
  return { connectionString, description: dataDir, close: () => server.close() };
}
