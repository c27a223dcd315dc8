import type pg from "pg";
import type { PoolStatus } from "../telemetry/store-telemetry.ts";

export function poolStatus(name: string, pool: pg.Pool): PoolStatus {
  const { totalCount: total, idleCount: idle, waitingCount: waiting } = pool;
  return { name, max: pool.options.max, total, idle, waiting };
}
