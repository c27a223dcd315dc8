import type { Storage } from "../application/storage.ts";
import type { ProjectionStore } from "../projection/projection-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { KurrentDbEventStore } from "./kurrentdb-event-store.ts";
import type { KurrentDbEventStoreOptions } from "./kurrentdb-event-store-options.ts";

export interface KurrentDbStorageOptions extends Pick<KurrentDbEventStoreOptions, "client" | "namespace"> {
  /** Keeps read models, checkpoints and leases: a `PostgresProjectionStore`. */
  readonly projectionStore: ProjectionStore;
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
export function kurrentDbStorage(options: KurrentDbStorageOptions): Required<Storage> {
  const { projectionStore, eventStore, ...shared } = options;
  return { eventStore: new KurrentDbEventStore({ ...shared, ...eventStore }), projectionStore };
}
