import type pg from "pg";
import { collectDefaultMetrics, Gauge, Registry as Metrics } from "prom-client";

/** Measurements of the process and of its connections to the database. */
export function createServiceMetrics(pool: pg.Pool): Metrics {
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics });
  // It registers itself.
  void new Gauge({
    name: "schema_registry_database_connections",
    help: "Connections of the pool, and requests that wait for one",
    labelNames: ["state"],
    registers: [metrics],
    collect() {
      this.set({ state: "used" }, pool.totalCount - pool.idleCount);
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "waiting" }, pool.waitingCount);
    },
  });
  return metrics;
}
