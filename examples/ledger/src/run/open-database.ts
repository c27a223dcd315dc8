import { join } from "node:path";
import type { Logger } from "@tidemark/framework";
import { checkDatabase, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import type { Config } from "../config.ts";

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
  config: Pick<Config, "databaseUrl" | "dataDir">,
  options: { readonly logger: Logger; readonly signal?: AbortSignal },
): Promise<Database> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl !== null) {
    await checkDatabase({ connectionString: databaseUrl });
    const { host, pathname } = new URL(databaseUrl);
    const close = async (): Promise<void> => undefined;
    return { connectionString: databaseUrl, description: `${host}${pathname}`, close };
  }
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres"), ...options });
  const close = () => server.close();
  const connectionString = await server.ensureDatabase("ledger");
  return { connectionString, description: dataDir, close };
}
