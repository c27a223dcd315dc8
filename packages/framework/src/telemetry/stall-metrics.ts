import type { Registry } from "prom-client";
import { sampledGauge } from "./metric-definitions.ts";
import type { Stall } from "./stall.ts";

/** What stands still in the database, and behind whom; the statements themselves are in the status. */
export function stallMetrics(registry: Registry, read: () => Promise<readonly Stall[]>): void {
  sampledGauge(registry, {
    name: "tidemark_database_stalled_seconds",
    help: "Age of a statement of the framework that waits for another session, or is slow by itself",
    labels: ["session", "pid", "waits_for", "blocked_by", "blocked_by_pid"],
    samples: async () =>
      (await read()).map(({ session, waitsFor, blockedBy }) => ({
        labels: {
          session: session.application,
          pid: String(session.pid),
          waits_for: waitsFor ?? "",
          blocked_by: blockedBy?.application ?? "",
          blocked_by_pid: String(blockedBy?.pid ?? ""),
        },
        value: session.seconds,
      })),
  });
}
