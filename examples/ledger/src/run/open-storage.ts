import type { Logger, Storage } from "@tidemark/framework";
import { PostgresProjectionStore, postgresStorage } from "@tidemark/framework/postgres";
import type { Config } from "../config.ts";

/** Where the ledger keeps its events, before its database is there. */
export interface OpenStorage {
  /** With read models in this database, and events too unless they have a store of their own. */
  over(database: string): Storage;
  close(): Promise<void>;
}

/** Four segments of PostgreSQL's own log: enough for what is in flight, and to stop in order. */
const minFreeBytes = 64 * 1024 * 1024;

/**
 * Connects to KurrentDB, if the ledger is told to: a server that does not answer is found out before any database
 * is started.
 *
 * @throws KurrentDbError
 */
export async function openStorage(config: Config, logger: Logger): Promise<OpenStorage> {
  const { kurrentDb, databaseUrl, dataDir } = config;
  if (kurrentDb === null) {
    // The disk of a server elsewhere is its operator's to watch.
    const diskGuard = databaseUrl === null ? { diskGuard: { minFreeBytes, freeBytes: dataDir } } : {};
    return {
      over: (database) => postgresStorage({ database, logger, eventStore: diskGuard }),
      close: async () => undefined,
    };
  }
  // Who keeps events in PostgreSQL need not load the client.
  const [{ openKurrentDb }, { kurrentDbStorage }] = await Promise.all([
    import("./open-kurrentdb.ts"),
    import("@tidemark/framework/kurrentdb"),
  ]);
  const client = await openKurrentDb(kurrentDb);
  return {
    over: (database) =>
      kurrentDbStorage({
        client,
        projectionStore: new PostgresProjectionStore({ connectionString: database, logger }),
        logger,
      }),
    close: () => client.dispose(),
  };
}
