export { isInfrastructureError } from "../infrastructure-error.ts";
export { migrateFramework } from "./migrate-framework.ts";
export { PostgresEventStore } from "./postgres-event-store.ts";
export type { PostgresEventStoreOptions } from "./postgres-event-store-options.ts";
export { PostgresProjectionStore } from "./postgres-projection-store.ts";
export type { PostgresProjectionStoreOptions } from "./postgres-projection-store-options.ts";
export {
  processedKeys,
  type QueryableDatabase,
  type OnceOutcome,
  type OpenTransaction,
  type ProcessedKeys,
  type ProcessedKeysOptions,
} from "./processed-keys.ts";
export { postgresStorage, type PostgresStorageOptions } from "./postgres-storage.ts";
export type { DiskGuardOptions } from "./event-store/disk-guard.ts";
export type { GroupCommitLimits } from "./event-store/group-commit.ts";
