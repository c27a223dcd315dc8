export { isInfrastructureError } from "../infrastructure-error.ts";
export { migrateFramework } from "./migrate-framework.ts";
export { PostgresEventStore, type PostgresEventStoreOptions } from "./postgres-event-store.ts";
export { PostgresProjectionStore, type PostgresProjectionStoreOptions } from "./postgres-projection-store.ts";
export { postgresStorage, type PostgresStorageOptions } from "./postgres-storage.ts";
