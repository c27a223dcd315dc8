import type { Logger, Storage } from "@tidemark/framework";
import { PostgresProjectionStore, postgresStorage } from "@tidemark/framework/postgres";
import type { Config } from "../config.ts";

/** Where the ledger keeps its events, before its database is there. */
export interface OpenStorage {
  /** With read models in this database, and events too unless they have a store of their own. */
  over(database: string): Storage;
  close(): Promise<void>;
}

/**
 * Connects to KurrentDB, if the ledger is told to: a server that does not answer is found out before any database
 * is started.
 *
 * @throws KurrentDbError
 */
export async function openStorage({ kurrentDb }: Config, logger: Logger): Promise<OpenStorage> {
  if (kurrentDb === null) {
    return { over: (database) => postgresStorage({ database, logger }), close: async () => undefined };
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
