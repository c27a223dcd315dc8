import type { Logger, Storage } from "@tidemark/framework";
import { connectKurrentDb, kurrentDbStorage } from "@tidemark/framework/kurrentdb";
import { PostgresProjectionStore, postgresStorage } from "@tidemark/framework/postgres";
import type { Config } from "../config.ts";

/** Where the ledger keeps its events, before its database is there. */
export interface OpenStorage {
  /** With read models in this database, and events too unless they have a store of their own. */
  over(database: string): Storage;
  close(): Promise<void>;
}

/** What decides where events and read models are. */
export type StorageSettings = Pick<Config, "kurrentDb" | "databaseUrl" | "dataDir">;

/** Four segments of PostgreSQL's own log: enough for what is in flight, and to stop in order. */
const minFreeBytes = 64 * 1024 * 1024;

/**
 * Connects to KurrentDB, if the ledger is told to: a server that does not answer is found out before any database
 * is started.
 *
 * @throws TidemarkError `store-unavailable`
 */
export async function openStorage(settings: StorageSettings, logger: Logger): Promise<OpenStorage> {
  const { kurrentDb, databaseUrl, dataDir } = settings;
  if (kurrentDb === null) {
    // The disk of a server elsewhere is its operator's to watch.
    const diskGuard = databaseUrl === null ? { diskGuard: { minFreeBytes, freeBytes: dataDir } } : {};
    return {
      over: (database) => postgresStorage({ database, logger, eventStore: diskGuard }),
      close: async () => undefined,
    };
  }
  const connection = await connectKurrentDb(kurrentDb);
  return {
    over: (database) =>
      kurrentDbStorage({
        client: connection.client,
        projectionStore: new PostgresProjectionStore({ connectionString: database, logger }),
        reopen: {
          module: new URL("./reopen-storage.js", import.meta.url).href,
          options: { settings, database },
        },
        logger,
      }),
    close: async () => connection[Symbol.asyncDispose](),
  };
}
