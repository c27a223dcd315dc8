import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Logger } from "../../telemetry/logger.ts";
import type { PostgresEventStoreOptions } from "../postgres-event-store-options.ts";
import { Catalogue } from "./catalogue.ts";
import type { LogReader } from "./log-reader.ts";
import { ReadConnections } from "./read-connections.ts";
import { StoreGuard } from "./store-guard.ts";
import { StreamNames } from "./stream-names.ts";

interface StoreConnections {
  readonly appendPool: pg.Pool;
  readonly readPool: pg.Pool;
  readonly reader: LogReader;
  readonly guard: StoreGuard;
}

/** The store's two pools, and what is known of the database behind them. */
export function storeConnections(
  options: PostgresEventStoreOptions,
  schema: string,
  logger: Logger,
): StoreConnections {
  const { connectionString, preparedStatements = true } = options;
  const guard = new StoreGuard(schema);
  const verify = (client: pg.PoolClient): Promise<void> => guard.check(client);
  const appendPool = ownPool({
    connectionString,
    verify,
    max: options.appendConnections ?? 4,
    applicationName: "tidemark append",
    // Poolers refuse connections that bring settings along.
    ...(preparedStatements ? { statementTimeoutMs: options.appendTimeoutMs ?? 30_000 } : {}),
    logger,
  });
  const readPool = ownPool({
    connectionString,
    verify,
    max: options.readConnections ?? 8,
    applicationName: "tidemark read",
    logger,
  });
  const connections = new ReadConnections(readPool, { preparedStatements });
  const catalogue = new Catalogue(connections, schema);
  const streamNames = new StreamNames(connections, schema);
  for (const pool of [appendPool, readPool]) {
    pool.on("connect", () => {
      catalogue.forget();
      streamNames.forget();
    });
  }
  return { appendPool, readPool, guard, reader: { connections, catalogue, streamNames, schema } };
}

function ownPool(options: Parameters<typeof createPool>[0]): pg.Pool {
  const pool = createPool(options);
  // A connection that breaks during a query rejects that query; without a listener the same error would also end the
  // process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
