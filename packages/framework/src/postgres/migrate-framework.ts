import {
  migrate,
  readMigrationState,
  type MigrateResult,
  type MigrationState,
} from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Logger } from "../telemetry/logger.ts";

interface MigrateFrameworkOptions {
  readonly pool: pg.Pool;
  /** Database schema of every table that the framework owns. */
  readonly schema: string;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

// The same depth from `src` and `dist`.
const directory = new URL("../../sql/", import.meta.url);

/** Creates or upgrades the framework's tables; any number of processes may call it at the same time. */
export function migrateFramework(options: MigrateFrameworkOptions): Promise<MigrateResult> {
  return migrate({ ...options, directory });
}

/** Whether the framework's tables are there, and as new as this code. Changes nothing. */
export function readFrameworkState(options: {
  readonly connectionString: string;
  readonly schema: string;
}): Promise<MigrationState> {
  return readMigrationState({ ...options, directory });
}
