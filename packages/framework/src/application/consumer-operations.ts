import { RateMeter } from "../projection/rate-meter.ts";
import type { BuildReport, ProjectionStatus } from "../projection/projection-status.ts";
import type { PartitionPosition } from "../subscription/checkpoint-store.ts";
import type { LeaseHolder } from "../subscription/lease-store.ts";
import type { PartitionStatus } from "../subscription/subscription.ts";
import type { SubscriptionStatus } from "../subscription/subscription-supervisor.ts";
import type {
  ConsumerOperations,
  PartitionOperations,
  RebuildOperations,
} from "../telemetry/operations-status.ts";

/** The part of a status that builds of projections and subscriptions have in common. */
interface Consumer extends Pick<
  ConsumerOperations,
  "kind" | "name" | "version" | "build" | "status" | "advances" | "rebuild"
> {
  readonly events: bigint;
  readonly positions: readonly PartitionPosition[];
  readonly holders: readonly LeaseHolder[];
  readonly workers: readonly PartitionStatus[];
  readonly parked: { readonly sequences: number; readonly events: number; readonly oldestAt: Date | null };
}

/** What is to be told of the log: its head, and how old the first event behind each position is. */
export interface LogAges {
  readonly head: bigint;
  readonly ageBehind: ReadonlyMap<bigint, number>;
}

export function consumersOf(
  projections: readonly ProjectionStatus[],
  subscriptions: readonly SubscriptionStatus[],
): readonly Consumer[] {
  return [
    ...projections.flatMap(({ name, version, builds }) =>
      builds.map((report) => projectionConsumer(name, version, report)),
    ),
    ...subscriptions.map(subscriptionConsumer),
  ];
}

function projectionConsumer(name: string, codeVersion: number, report: BuildReport): Consumer {
  const { build, progress } = report;
  const isBuilding = build.status === "building";
  const rebuild: RebuildOperations = {
    progress: build.target === 0n ? 1 : Math.min(1, Number(progress.position) / Number(build.target)),
    eventsPerSecond: progress.eventsPerSecond,
    etaSeconds: progress.etaSeconds,
  };
  return {
    ...report,
    kind: "projection",
    name,
    version: build.version,
    build: build.number,
    status: build.status,
    advances: build.version === codeVersion && (isBuilding || build.serving),
    rebuild: isBuilding ? rebuild : null,
  };
}

function subscriptionConsumer(status: SubscriptionStatus): Consumer {
  const { name } = status;
  return {
    ...status,
    kind: "subscription",
    name,
    version: null,
    build: null,
    status: "active",
    advances: true,
    rebuild: null,
  };
}

/** Turns what the stores know into reports. Keeps what it takes to tell a rate. */
export class ConsumerReports {
  readonly #rates = new Map<string, RateMeter>();

  report(consumer: Consumer, log: LogAges): ConsumerOperations {
    const { kind, name, version, build, status, advances, rebuild, events, parked } = consumer;
    const partitions = consumer.positions.map((at) => partitionOperations(at, consumer, log));
    return {
      kind,
      name,
      version,
      build,
      status,
      advances,
      lag: partitions.reduce((most, { lag }) => (lag > most ? lag : most), 0n),
      lagSeconds: partitions.reduce((most, { lagSeconds }) => Math.max(most, lagSeconds), 0),
      events,
      eventsPerSecond: this.#rate(`${kind} ${name} ${version} ${build}`, Number(events)),
      parkedSequences: parked.sequences,
      parkedEvents: parked.events,
      oldestParkedSeconds: secondsSince(parked.oldestAt),
      rebuild,
      partitions,
    };
  }

  #rate(key: string, events: number): number {
    const meter = this.#rates.get(key) ?? new RateMeter();
    this.#rates.set(key, meter);
    return meter.measure(events);
  }
}

function partitionOperations(
  { partition, position }: PartitionPosition,
  { holders, workers }: Consumer,
  { head, ageBehind }: LogAges,
): PartitionOperations {
  const holder = holders.find((candidate) => candidate.partition === partition);
  const worker = workers.find((candidate) => candidate.partition === partition);
  return {
    partition,
    position,
    lag: position < head ? head - position : 0n,
    lagSeconds: position < head ? (ageBehind.get(position) ?? 0) : 0,
    owner: holder?.label ?? null,
    state: holder?.state ?? "unowned",
    error: holder?.error ?? null,
    here: worker === undefined ? null : { state: worker.state, error: worker.error, ...worker.counts },
  };
}

function secondsSince(time: Date | null): number {
  return time === null ? 0 : Math.max(0, (Date.now() - time.getTime()) / 1_000);
}
