import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { PartitionReport } from "../subscription/partition-store.ts";
import { Subscription, type SubscriptionOptions } from "../subscription/subscription.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { RunnerEnvironment } from "./build-runner.ts";
import type { Build } from "./build.ts";
import { createProjector } from "./create-projector.ts";

const flushMs = 10_000;

/** Milliseconds between two looks at what the partitions do. */
const lookMs = 250;

/** States that no patience ends. */
const stuck: ReadonlySet<string> = new Set(["tripped", "waiting", "diverged"]);

/**
 * Feeds a scratch build until each of its partitions stands exactly where the live one's does.
 *
 * @throws TidemarkError `build-refused` when a partition cannot get there; the signal's reason.
 */
export async function recompute(
  projection: AnyProjection,
  scratch: Build,
  goals: readonly PartitionReport[],
  environment: RunnerEnvironment,
  options: {
    readonly onEvents: (events: number) => void;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const reached = new Set<number>();
  const closing = new AbortController();
  const subscription = new Subscription({
    ...environment,
    name: scratch.subscription,
    filter: { types: projection.events.map(({ recordName }) => recordName) },
    store: stoppingAt(goals, environment.store, async (partition) => {
      reached.add(partition);
      closing.signal.throwIfAborted();
      // The partition is done: its worker has nothing more to do until all of them are.
      await once(closing.signal, "abort");
    }),
    consumer: ({ partition }) => createProjector(projection, scratch, partition, environment),
    catchUpFlushMs: () => flushMs,
    onCommit: (_partition, _position, events) => options.onEvents(events),
  });
  subscription.start();
  try {
    while (reached.size < goals.length) {
      options.signal?.throwIfAborted();
      const failed = subscription.status.find(({ state }) => stuck.has(state));
      if (failed !== undefined) {
        throw new TidemarkError(
          "build-refused",
          `The projection ${projection.name} cannot be recomputed: ${failed.error}. Make its code handle that, then verify again.`,
        );
      }
      await delay(Math.min(lookMs, 20 + reached.size), undefined, { ref: true });
    }
  } finally {
    closing.abort();
    await subscription.close();
  }
}

/** The store, but each partition has the end of its goal. */
function stoppingAt(
  goals: readonly PartitionReport[],
  store: RunnerEnvironment["store"],
  onReached: (partition: number) => Promise<void>,
): SubscriptionOptions["store"] {
  const { deadLetters, partitions } = store;
  return {
    deadLetters,
    partitions: {
      partitions: (subscription) => partitions.partitions(subscription),
      split: (subscription, partition) => partitions.split(subscription, partition),
      merge: (subscription, left, right) => partitions.merge(subscription, left, right),
      balance: (request) => partitions.balance(request),
      completeMerge: ({ partition }) => onReached(partition),
    },
    readPositions: (subscriptions) => store.readPositions(subscriptions),
    saveCheckpoint: (lease, checkpoint, progress) => store.saveCheckpoint(lease, checkpoint, progress),
    renew: (reports, leaseMs) => store.renew(reports, leaseMs),
    release: (lease) => store.release(lease),
    acquire: async (request) => {
      const acquired = await store.acquire(request);
      const goal = goals.find(({ number }) => number === request.partition);
      return acquired === null || goal === undefined ? acquired : { ...acquired, stopAt: goal.position };
    },
  };
}
