import { migrate, type MigrateResult } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Logger } from "../telemetry/logger.ts";

interface MigrateFrameworkOptions {
  readonly pool: pg.Pool;
  /** Database schema of every table that the framework owns. */
  readonly schema: string;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** Creates or upgrades the framework's tables; any number of processes may call it at the same time. */
export function migrateFramework(options: MigrateFrameworkOptions): Promise<MigrateResult> {
  return migrate({ ...options, directory: new URL("../../sql/", import.meta.url) });
}
