export { checkDatabase, type DatabaseInfo } from "./check-database.ts";
export { databaseUrlVariable } from "./database-url-variable.ts";
export {
  EmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from "./embedded/embedded-postgres.ts";
export type { ServerSettings } from "./embedded/server-settings.ts";
export {
  migrate,
  readMigrationState,
  type MigrationState,
  type MigrateOptions,
  type MigrateResult,
} from "./migrate.ts";
export { openDatabase, type OpenDatabase, type OpenDatabaseOptions } from "./open-database.ts";
export { createPool, type PoolOptions } from "./pool.ts";
export { PostgresError, postgresErrors, type PostgresErrorCode } from "./postgres-error.ts";
export { quoteIdentifier } from "./quote-identifier.ts";
export {
  migrateRegistry,
  postgresRegistryStorage,
  type PostgresRegistryStorageOptions,
} from "./registry-storage.ts";
