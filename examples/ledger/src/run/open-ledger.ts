import { createApplication, type Application, type Logger } from "@tidemark/framework";
import { postgresStorage } from "@tidemark/framework/postgres";
import { createRegistry, type Registry } from "@tidemark/schema-registry";
import { inProcessRegistryClient } from "@tidemark/schema-registry/client";
import { createPool, migrateRegistry, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import ledger, { type LedgerAggregates } from "../app.ts";
import type { Config } from "../config.ts";
import { openDatabase } from "./open-database.ts";

/** The ledger with everything under it. Close it when done. */
export interface OpenLedger extends AsyncDisposable {
  readonly application: Application<LedgerAggregates>;
  readonly registry: Registry;
  /** For people: where the data is. */
  readonly data: string;
  close(): Promise<void>;
}

/**
 * Opens in one order: PostgreSQL, the registry's tables, then the application (store, schemas, projections).
 * What was opened is closed again when a later step fails.
 */
export async function openLedger(
  config: Config,
  options: { readonly projections: "run" | "off"; readonly logger: Logger; readonly signal?: AbortSignal },
): Promise<OpenLedger> {
  const { projections, logger } = options;
  const steps: (() => Promise<void>)[] = [];
  // Each step runs even when the one before it fails: a pool left open would keep the database from stopping.
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of steps.splice(0).reverse())
      await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, "The ledger did not close cleanly");
  };
  try {
    const database = await openDatabase(config, options);
    steps.push(() => database.close());
    const { connectionString } = database;
    const pool = createPool({ connectionString, max: 4, applicationName: "ledger-registry" });
    steps.push(() => pool.end());
    await migrateRegistry({ pool });
    const registry = createRegistry({ storage: postgresRegistryStorage({ pool }), logger });
    const application = createApplication(ledger, {
      storage: postgresStorage({ database: connectionString, logger }),
      registry: inProcessRegistryClient(registry),
      projections,
      // Shorter than a reader waits for its own write (5 s), so that a killed process is not noticed.
      leaseMs: 4_000,
      logger,
    });
    steps.push(() => application.close());
    await application.start();
    return { application, registry, data: database.description, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close().catch((failure: unknown) =>
      logger.warn({ err: failure }, "clean-up after a failed start failed too"),
    );
    throw error;
  }
}
