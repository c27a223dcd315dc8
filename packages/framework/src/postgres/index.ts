export { isInfrastructureError } from "./infrastructure-error.ts";
export { migrateFramework } from "./migrate-framework.ts";
export { PostgresEventStore, type PostgresEventStoreOptions } from "./postgres-event-store.ts";
