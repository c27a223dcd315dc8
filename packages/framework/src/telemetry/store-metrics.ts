import type { Registry } from "prom-client";
import { DurationMetric } from "./duration-metric.ts";
import { sampledCounter, sampledGauge, single } from "./metric-definitions.ts";
import type { AppendQueueStatus, EventStoreTelemetry, PoolStatus } from "./store-telemetry.ts";

/** What this process asks of the event store, and how much of it waits. */
export function eventStoreMetrics(registry: Registry, { meter, ...rest }: EventStoreParts): void {
  sampledCounter(registry, {
    name: "tidemark_appends_total",
    help: "Appends by their outcome, or by the code of their error",
    labels: ["outcome"],
    samples: () => [...meter.appends.counts].map(([outcome, value]) => ({ labels: { outcome }, value })),
  });
  sampledCounter(registry, {
    name: "tidemark_events_appended_total",
    help: "Events that this process has appended",
    samples: () => single(meter.eventsAppended),
  });
  // It registers itself.
  void new DurationMetric({
    name: "tidemark_append_duration_seconds",
    help: "Time from asking for an append to its answer, in which it may have waited for others",
    series: () => [{ labels: {}, durations: meter.appendDuration }],
    registry,
  });
  sampledCounter(registry, {
    name: "tidemark_read_pages_total",
    help: "Pages of the log that this process has read",
    samples: () => single(meter.readPages),
  });
  sampledCounter(registry, {
    name: "tidemark_events_read_total",
    help: "Events of the log that this process has read",
    samples: () => single(meter.eventsRead),
  });
  const queueGauge = (name: string, help: string, value: (queue: AppendQueueStatus) => number): void =>
    sampledGauge(registry, {
      name,
      help,
      samples: () => {
        const queue = rest.queue();
        return queue === null ? [] : single(value(queue));
      },
    });
  queueGauge("tidemark_append_queue_appends", "Appends that wait in this process", ({ appends }) => appends);
  queueGauge("tidemark_append_queue_events", "Events of appends that wait", ({ events }) => events);
  queueGauge("tidemark_append_queue_bytes", "Bytes of appends that wait", ({ bytes }) => bytes);
  queueGauge(
    "tidemark_append_queue_limit_events",
    "Events that may wait; beyond them appends are refused with overloaded",
    ({ maxEvents }) => maxEvents,
  );
  queueGauge(
    "tidemark_append_queue_limit_bytes",
    "Bytes that may wait; beyond them appends are refused with overloaded",
    ({ maxBytes }) => maxBytes,
  );
  sampledGauge(registry, {
    name: "tidemark_log_full",
    help: "1 while appends are refused since the disk of the log is almost full",
    samples: () => single(rest.isFull() ? 1 : 0),
  });
}

export interface EventStoreParts extends Pick<EventStoreTelemetry, "meter"> {
  readonly queue: () => AppendQueueStatus | null;
  readonly isFull: () => boolean;
}

export function poolMetrics(registry: Registry, pools: () => readonly PoolStatus[]): void {
  sampledGauge(registry, {
    name: "tidemark_pool_connections",
    help: "Connections to PostgreSQL by pool",
    labels: ["pool", "state"],
    samples: () =>
      pools().flatMap(({ name: pool, total, idle }) => [
        { labels: { pool, state: "used" }, value: total - idle },
        { labels: { pool, state: "idle" }, value: idle },
      ]),
  });
  sampledGauge(registry, {
    name: "tidemark_pool_waiting",
    help: "Requests that wait for a connection of the pool",
    labels: ["pool"],
    samples: () => pools().map(({ name, waiting }) => ({ labels: { pool: name }, value: waiting })),
  });
  sampledGauge(registry, {
    name: "tidemark_pool_limit_connections",
    help: "Most connections of the pool",
    labels: ["pool"],
    samples: () => pools().map(({ name, max }) => ({ labels: { pool: name }, value: max })),
  });
}
