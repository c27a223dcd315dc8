import type { OpenStorage } from "../application/storage.ts";
import { postgresStorage, type PostgresStorageOptions } from "./postgres-storage.ts";

/** What a worker thread imports to have the application's storage. */
const reopenPostgresStorage: OpenStorage<PostgresStorageOptions> = (options, logger) =>
  postgresStorage({ ...options, logger });

export default reopenPostgresStorage;
