export { isInfrastructureError } from "../infrastructure-error.ts";
export { migrateFramework } from "./migrate-framework.ts";
export { PostgresEventStore } from "./postgres-event-store.ts";
export type { PostgresEventStoreOptions } from "./postgres-event-store-options.ts";
export { PostgresProjectionStore, type PostgresProjectionStoreOptions } from "./postgres-projection-store.ts";
export { postgresStorage, type PostgresStorageOptions } from "./postgres-storage.ts";
