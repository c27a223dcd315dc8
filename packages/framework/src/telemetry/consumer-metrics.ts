import type { Registry } from "prom-client";
import { sampledCounter, sampledGauge, type Sample } from "./metric-definitions.ts";
import type { ConsumerOperations, OperationsStatus, PartitionOperations } from "./operations-status.ts";

type Read = () => Promise<OperationsStatus | null>;

const consumerLabels = ["kind", "name", "version", "build"] as const;
const partitionLabels = [...consumerLabels, "partition"] as const;

/** What reads the log: subscriptions, and the builds of projections that this code advances. */
export function consumerMetrics(registry: Registry, read: Read): void {
  const gauge = (name: string, help: string, value: (consumer: ConsumerOperations) => number | null): void =>
    sampledGauge(registry, {
      name,
      help,
      labels: consumerLabels,
      samples: async () => each(await read(), value),
    });
  const partitionGauge = (
    name: string,
    help: string,
    value: (partition: PartitionOperations) => number | null,
  ): void =>
    sampledGauge(registry, {
      name,
      help,
      labels: partitionLabels,
      samples: async () => eachPartition(await read(), value),
    });
  const hereCounter = (
    name: string,
    help: string,
    value: (here: NonNullable<PartitionOperations["here"]>) => number,
  ): void =>
    sampledCounter(registry, {
      name,
      help,
      labels: partitionLabels,
      samples: async () => eachPartition(await read(), ({ here }) => (here === null ? null : value(here))),
    });

  partitionGauge(
    "tidemark_subscription_lag_events",
    "Positions between the head of the log and the checkpoint",
    ({ lag }) => Number(lag),
  );
  partitionGauge(
    "tidemark_subscription_lag_seconds",
    "Age of the first event behind the checkpoint; 0 at the head of the log",
    ({ lagSeconds }) => lagSeconds,
  );
  partitionGauge(
    "tidemark_subscription_partition_owned",
    "1 while some process has the partition's lease",
    ({ owner }) => (owner === null ? 0 : 1),
  );
  sampledGauge(registry, {
    name: "tidemark_subscription_partition_owner",
    help: "1 for the process that has the partition's lease, with the state of its last heartbeat",
    labels: [...partitionLabels, "owner", "state"],
    samples: async () =>
      eachPartition(
        await read(),
        ({ owner }) => (owner === null ? null : 1),
        ({ owner, state }) => ({ owner: owner ?? "", state }),
      ),
  });
  sampledGauge(registry, {
    name: "tidemark_subscription_state",
    help: "1 for what this process does for the partition",
    labels: [...partitionLabels, "state"],
    samples: async () =>
      eachPartition(
        await read(),
        ({ here }) => (here === null ? null : 1),
        ({ here }) => ({ state: here?.state ?? "" }),
      ),
  });
  hereCounter(
    "tidemark_subscription_handled_events_total",
    "Events that this process has handled",
    ({ handled }) => handled,
  );
  hereCounter(
    "tidemark_subscription_retries_total",
    "Attempts of this process after an event had failed",
    ({ retries }) => retries,
  );
  hereCounter(
    "tidemark_subscription_outages_total",
    "Pauses of this process because infrastructure was away",
    ({ outages }) => outages,
  );
  partitionGauge(
    "tidemark_subscription_buffered_events",
    "Events that this process has read and not committed",
    ({ here }) => here?.buffered ?? null,
  );
  partitionGauge(
    "tidemark_subscription_buffer_limit_events",
    "Events that this process may have read and not committed, where a number bounds them",
    ({ here }) => here?.bufferLimit ?? null,
  );
  sampledCounter(registry, {
    name: "tidemark_subscription_events_total",
    help: "Events handled by all processes, as the database counts them: the same in each of them",
    labels: consumerLabels,
    samples: async () => each(await read(), ({ events }) => Number(events)),
  });
  gauge(
    "tidemark_subscription_parked_sequences",
    "Sequences that stand still since one of their events failed",
    ({ parkedSequences }) => parkedSequences,
  );
  gauge(
    "tidemark_subscription_parked_events",
    "Events that wait in those sequences: the dead letters",
    ({ parkedEvents }) => parkedEvents,
  );
  gauge(
    "tidemark_subscription_oldest_parked_seconds",
    "Age of the oldest of those sequences; 0 without any",
    ({ oldestParkedSeconds }) => oldestParkedSeconds,
  );
  gauge(
    "tidemark_rebuild_progress_ratio",
    "Part of the log that a build has read, 0 to 1",
    ({ rebuild }) => rebuild?.progress ?? null,
  );
  gauge(
    "tidemark_rebuild_events_per_second",
    "Rate of a build that does not serve yet",
    ({ rebuild }) => rebuild?.eventsPerSecond ?? null,
  );
  gauge(
    "tidemark_rebuild_eta_seconds",
    "Time until a build serves, where it can be told",
    ({ rebuild }) => rebuild?.etaSeconds ?? null,
  );
  sampledGauge(registry, {
    name: "tidemark_projection_build_info",
    help: "1 for each build that has tables, with its status",
    labels: [...consumerLabels, "status"],
    samples: async () =>
      (await read())?.consumers
        .filter(({ kind }) => kind === "projection")
        .map((consumer) => ({ labels: { ...labelsOf(consumer), status: consumer.status }, value: 1 })) ?? [],
  });
}

function labelsOf({ kind, name, version, build }: ConsumerOperations): Record<string, string> {
  return { kind, name, version: String(version ?? ""), build: String(build ?? "") };
}

/** Builds that nobody with this code advances lag for ever, and that is right: they raise no alarm. */
function advancing(status: OperationsStatus | null): readonly ConsumerOperations[] {
  return status?.consumers.filter(({ advances }) => advances) ?? [];
}

function each(
  status: OperationsStatus | null,
  valueOf: (consumer: ConsumerOperations) => number | null,
): readonly Sample[] {
  return advancing(status).flatMap((consumer) => {
    const value = valueOf(consumer);
    return value === null ? [] : [{ labels: labelsOf(consumer), value }];
  });
}

function eachPartition(
  status: OperationsStatus | null,
  valueOf: (partition: PartitionOperations) => number | null,
  more: (partition: PartitionOperations) => Record<string, string> = () => ({}),
): readonly Sample[] {
  return advancing(status).flatMap((consumer) =>
    consumer.partitions.flatMap((partition) => {
      const value = valueOf(partition);
      if (value === null) return [];
      const labels = { ...labelsOf(consumer), partition: String(partition.partition), ...more(partition) };
      return [{ labels, value }];
    }),
  );
}
