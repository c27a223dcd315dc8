import { setTimeout as delay } from "node:timers/promises";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { AcquiredLease, LeaseStore } from "./lease-store.ts";
import { defaultParkingLimits, type ParkingLimits } from "./parking-breaker.ts";
import { wholeLog, type Partition } from "./partition.ts";
import { PartitionWorker, type PartitionState } from "./partition-worker.ts";
import { defaultRetryStrategy, type RetryStrategy } from "./retry-strategy.ts";
import type { SubscriptionConsumer } from "./subscription-consumer.ts";

export interface SubscriptionOptions {
  /** Checkpoints and leases are kept under this name. */
  readonly name: string;
  readonly filter: EventFilter;
  readonly eventStore: EventStore;
  readonly store: CheckpointStore & LeaseStore & { readonly deadLetters: DeadLetterStore };
  readonly keeper: LeaseKeeper;
  /** A uuid of this process's supervisor. */
  readonly owner: string;
  /** Shown to people as the owner. */
  readonly label: string;
  readonly leaseMs: number;
  /** Default: one partition, the whole log. */
  readonly partitions?: readonly Partition[];
  readonly consumer: (partition: Partition) => SubscriptionConsumer;
  readonly retry?: RetryStrategy;
  readonly parking?: Partial<ParkingLimits>;
  /** Events a page at most. Default 2,000. */
  readonly pageSize?: number;
  /** Milliseconds that events of history may wait, applied but not committed. Default 1,000. */
  readonly catchUpFlushMs?: number;
  /** Milliseconds before this process first asks for a lease. Default 0. */
  readonly startDelayMs?: number;
  readonly onAcquire?: (acquired: AcquiredLease) => void;
  /** Told of what is applied but not committed: `pending` events up to `position`. */
  readonly onApply?: (partition: number, position: bigint, pending: number) => void;
  readonly onCommit?: (partition: number, position: bigint, events: number) => void;
  readonly logger?: Logger;
}

export interface PartitionStatus {
  readonly partition: number;
  readonly state: PartitionState;
  readonly error: string | null;
  /** Sequences that stand still, as far as this process owns the partition. */
  readonly parked: number;
}

/**
 * Feeds the events of a log to a consumer, from its checkpoint on, in order and for ever. Of all processes that run
 * the same subscription one works on a partition, the others stand by and take over.
 */
export class Subscription {
  readonly name: string;
  readonly #workers: ReadonlyMap<number, PartitionWorker>;
  readonly #closing = new AbortController();
  readonly #startDelayMs: number;
  #working: Promise<unknown> | null = null;

  constructor(options: SubscriptionOptions) {
    this.name = options.name;
    this.#startDelayMs = options.startDelayMs ?? 0;
    const partitions = options.partitions ?? [wholeLog];
    this.#workers = new Map(
      partitions.map((partition) => [
        partition.number,
        new PartitionWorker({
          ...options,
          subscription: options.name,
          partition,
          consumer: options.consumer(partition),
          retry: options.retry ?? defaultRetryStrategy,
          parking: { ...defaultParkingLimits, ...options.parking },
          pageSize: options.pageSize ?? 2_000,
          catchUpFlushMs: options.catchUpFlushMs ?? 1_000,
          onAcquire: options.onAcquire ?? (() => {}),
          onApply: (position, pending) => options.onApply?.(partition.number, position, pending),
          onCommit: (position, events) => options.onCommit?.(partition.number, position, events),
          logger: options.logger ?? silentLogger,
          signal: this.#closing.signal,
        }),
      ]),
    );
  }

  start(): void {
    this.#working ??= this.#work();
  }

  get status(): readonly PartitionStatus[] {
    return [...this.#workers].map(([partition, { state, error, parked }]) => ({
      partition,
      state,
      error,
      parked,
    }));
  }

  /** Somebody waits for this position: checkpoints that only follow the log move at once. */
  follow(position: bigint): void {
    for (const worker of this.#workers.values()) worker.follow(position);
  }

  /** An operator may have asked for a retry or a discard of a parked sequence. */
  readRequests(): void {
    for (const worker of this.#workers.values()) worker.readRequests();
  }

  /** Ends after the commit that is under way, and releases the leases. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    if (this.#startDelayMs > 0) await delay(this.#startDelayMs, undefined, { signal }).catch(() => undefined);
    await Promise.all([...this.#workers.values()].map((worker) => worker.work()));
  }
}
