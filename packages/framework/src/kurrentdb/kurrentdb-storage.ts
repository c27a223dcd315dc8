import type { Storage, StorageModule } from "../application/storage.ts";
import type { ProjectionStore } from "../projection/projection-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { KurrentDbEventStore } from "./kurrentdb-event-store.ts";
import type { KurrentDbEventStoreOptions } from "./kurrentdb-event-store-options.ts";

export interface KurrentDbStorageOptions extends Pick<KurrentDbEventStoreOptions, "client" | "namespace"> {
  /** Keeps read models, checkpoints and leases: a `PostgresProjectionStore`. */
  readonly projectionStore: ProjectionStore;
  /** A module of yours that makes the same storage in a worker thread: a client cannot be copied there. */
  readonly reopen?: StorageModule;
  readonly logger?: Logger;
  /** More of the event store: limits, how long a lost answer is asked for. */
  readonly eventStore?: Partial<KurrentDbEventStoreOptions>;
}

/**
 * Events in KurrentDB; read models, checkpoints and leases in PostgreSQL.
 *
 * @example
 * const client = EventStoreDBClient.connectionString("esdb://localhost:2113?tls=false");
 * const projectionStore = new PostgresProjectionStore({ connectionString: "postgres://localhost/ledger" });
 * createApplication(ledger, { storage: kurrentDbStorage({ client, projectionStore }), registry });
 */
export function kurrentDbStorage(
  options: KurrentDbStorageOptions,
): Required<Omit<Storage, "reopen">> & Storage {
  const { projectionStore, eventStore, reopen, ...shared } = options;
  return {
    eventStore: new KurrentDbEventStore({ ...shared, ...eventStore }),
    projectionStore,
    ...(reopen === undefined ? {} : { reopen }),
  };
}
