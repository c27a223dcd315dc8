import type { EventStoreDBClient } from "@eventstore/db-client";
import type { KurrentDBClient } from "@kurrent/kurrentdb-client";
import type { EventStore, Storage } from "@tidemark/framework";
import {
  kurrentDbStorage,
  type KurrentDbClient,
  type KurrentDbEventStore,
} from "@tidemark/framework/kurrentdb";
import type { PostgresProjectionStore } from "@tidemark/framework/postgres";

declare const eventStoreDb: EventStoreDBClient;
declare const kurrentDb: KurrentDBClient;
declare const projectionStore: PostgresProjectionStore;

// Both clients are taken as they are.
export const clients: readonly KurrentDbClient[] = [eventStoreDb, kurrentDb];
export const storages: readonly Storage[] = [
  kurrentDbStorage({ client: eventStoreDb, projectionStore }),
  kurrentDbStorage({ client: kurrentDb, projectionStore, namespace: "shop" }),
];

export const toPort = (store: KurrentDbEventStore): EventStore => store;

// @ts-expect-error a client must be able to append
kurrentDbStorage({ client: { readAll: () => [] }, projectionStore });
