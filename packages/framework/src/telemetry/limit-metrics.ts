import type { Registry } from "prom-client";
import type { LimitStatus } from "./limit-status.ts";
import { sampledGauge, type Sample } from "./metric-definitions.ts";

/** Semaphores and rate limits of all processes together, by name. */
export function limitMetrics(
  registry: Registry,
  read: () => Promise<{ readonly limits: LimitStatus } | null>,
): void {
  const semaphores =
    (value: (semaphore: LimitStatus["semaphores"][number]) => number) =>
    async (): Promise<readonly Sample[]> =>
      ((await read())?.limits.semaphores ?? []).map((semaphore) => ({
        labels: { semaphore: semaphore.name },
        value: value(semaphore),
      }));
  const labels = ["semaphore"];
  sampledGauge(registry, {
    name: "tidemark_semaphore_permits",
    help: "Handlers that may run under the semaphore at a time",
    labels,
    samples: semaphores(({ permits }) => permits),
  });
  sampledGauge(registry, {
    name: "tidemark_semaphore_permits_taken",
    help: "Permits that handlers have",
    labels,
    samples: semaphores(({ taken }) => taken),
  });
  sampledGauge(registry, {
    name: "tidemark_semaphore_waiting",
    help: "Handlers that wait for a permit",
    labels,
    samples: semaphores(({ waiting }) => waiting),
  });
  sampledGauge(registry, {
    name: "tidemark_rate_limit_wait_seconds",
    help: "Until a call that is asked for now may go out under the rate limit",
    labels: ["limit"],
    samples: async () =>
      ((await read())?.limits.rateLimits ?? []).map(({ name, waitSeconds }) => ({
        labels: { limit: name },
        value: waitSeconds,
      })),
  });
}
