import { createApplication, type Application, type Logger } from "@tidemark/framework";
import { createRegistry, type Registry } from "@tidemark/schema-registry";
import { inProcessRegistryClient } from "@tidemark/schema-registry/client";
import { createClosingSteps } from "@tidemark/schema-registry/fastify";
import {
  createPool,
  migrateRegistry,
  openDatabase,
  postgresRegistryStorage,
} from "@tidemark/schema-registry/postgres";
import ledger, { type LedgerAggregates } from "../app.ts";
import type { Config } from "../config.ts";
import { openStorage } from "./open-storage.ts";

/** The ledger with everything under it. Close it when done. */
export interface OpenLedger extends AsyncDisposable {
  readonly application: Application<LedgerAggregates>;
  readonly registry: Registry;
  /** For people: where the data is. */
  readonly data: string;
  close(): Promise<void>;
}

/**
 * Opens in one order: the connection to KurrentDB if there is one, PostgreSQL, the registry's tables, then the
 * application (store, schemas, projections). What was opened is closed again when a later step fails.
 */
export async function openLedger(
  config: Config,
  options: { readonly projections: "run" | "off"; readonly logger: Logger; readonly signal?: AbortSignal },
): Promise<OpenLedger> {
  const { projections, logger, signal } = options;
  const { databaseUrl, dataDir } = config;
  const closing = createClosingSteps("The ledger");
  const close = () => closing.run();
  try {
    const storage = await openStorage(config, logger);
    closing.add(() => storage.close());
    const database = await openDatabase({
      databaseUrl,
      dataDir,
      // Checkpoints belong to one log: the ledger may be tried on the other store with the same data folder.
      name: config.kurrentDb === null ? "ledger" : "ledger_on_kurrentdb",
      logger,
      ...(signal !== undefined && { signal }),
    });
    closing.add(() => database.close());
    const { connectionString } = database;
    const pool = createPool({ connectionString, max: 4, applicationName: "ledger-registry" });
    closing.add(() => pool.end());
    await migrateRegistry({ pool });
    const registry = createRegistry({ storage: postgresRegistryStorage({ pool }), logger });
    const application = createApplication(ledger, {
      storage: storage.over(connectionString),
      registry: inProcessRegistryClient(registry),
      projections,
      rebuildThread: { module: new URL("../app.js", import.meta.url) },
      // Shorter than a reader waits for its own write (5 s), so that a killed process is not noticed.
      leaseMs: 4_000,
      logger,
    });
    closing.add(() => application.close());
    await application.start();
    return { application, registry, data: database.description, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close().catch((failure: unknown) =>
      logger.warn({ err: failure }, "clean-up after a failed start failed too"),
    );
    throw error;
  }
}
