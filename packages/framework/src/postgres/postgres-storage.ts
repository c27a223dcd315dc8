import { builtModule } from "../application/built-module.ts";
import type { Storage } from "../application/storage.ts";
import type { Logger } from "../telemetry/logger.ts";
import { PostgresEventStore } from "./postgres-event-store.ts";
import type { PostgresEventStoreOptions } from "./postgres-event-store-options.ts";
import { PostgresProjectionStore } from "./postgres-projection-store.ts";
import type { PostgresProjectionStoreOptions } from "./postgres-projection-store-options.ts";

export interface PostgresStorageOptions {
  /** Connection string of the database that keeps events and read models. */
  readonly database: string;
  /** Where to LISTEN when `database` leads to a transaction pooler. */
  readonly directUrl?: string;
  /** Database schema of the framework's tables; default `tidemark`. */
  readonly schema?: string;
  /** `false` for a role that may not create tables: another one migrates. Default true. */
  readonly migrate?: boolean;
  /** `"poll"` where LISTEN is not to be had. Default `"listen"`. */
  readonly wakeup?: "listen" | "poll";
  /** `false` behind a transaction pooler; default true. */
  readonly preparedStatements?: boolean;
  readonly logger?: Logger;
  /** More of the event store: pools, limits, poll interval. */
  readonly eventStore?: Partial<PostgresEventStoreOptions>;
  /** More of the read models: pools. */
  readonly readModels?: Partial<PostgresProjectionStoreOptions>;
}

/**
 * Events and read models in one PostgreSQL database, each over small pools of its own.
 *
 * @example
 * createApplication(ledger, { storage: postgresStorage({ database: "postgres://localhost/ledger" }), registry });
 */
export function postgresStorage(options: PostgresStorageOptions): Required<Storage> {
  const { database, eventStore, readModels, ...shared } = options;
  const common = { ...shared, connectionString: database };
  return {
    reopen: {
      module: builtModule("./reopen-postgres-storage.js", import.meta.url).href,
      options: plainOf(options),
    },
    eventStore: new PostgresEventStore({ ...common, ...eventStore }),
    projectionStore: new PostgresProjectionStore({ ...common, ...readModels }),
  };
}

/** What a thread that reads the log and writes read models needs, as far as it can be copied. */
function plainOf({
  logger: _logger,
  eventStore = {},
  readModels = {},
  ...shared
}: PostgresStorageOptions): PostgresStorageOptions {
  const { logger: _storeLogger, diskGuard: _guard, ...store } = eventStore;
  const { logger: _modelsLogger, ...models } = readModels;
  return {
    ...shared,
    migrate: false,
    eventStore: { ...store, migrate: false },
    readModels: { ...models, migrate: false },
  };
}
