import { setTimeout as delay } from "node:timers/promises";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventPage, EventStore } from "../event-store/event-store.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { AcquiredLease, LeaseStore } from "./lease-store.ts";
import { defaultParkingLimits, type ParkingLimits } from "./parking-breaker.ts";
import type { PartitionStore } from "./partition-store.ts";
import { PartitionWorker, type PartitionCounts, type PartitionState } from "./partition-worker.ts";
import {
  defaultRetryStrategy,
  infrastructureRetry,
  retryDelay,
  type RetryStrategy,
} from "./retry-strategy.ts";
import type { SubscriptionConsumer } from "./subscription-consumer.ts";

export interface SubscriptionOptions {
  /** Checkpoints and leases are kept under this name. */
  readonly name: string;
  readonly filter: EventFilter;
  readonly eventStore: EventStore;
  readonly store: CheckpointStore &
    LeaseStore & { readonly deadLetters: DeadLetterStore; readonly partitions: PartitionStore };
  /** Comes between the store's pages and the consumer: a rebuild's pace, for example. */
  readonly between?: (pages: AsyncIterable<EventPage>, signal: AbortSignal) => AsyncIterable<EventPage>;
  readonly keeper: LeaseKeeper;
  /** A uuid of this process's supervisor. */
  readonly owner: string;
  /** Shown to people as the owner. */
  readonly label: string;
  readonly leaseMs: number;
  /** Makes the consumer of a partition, each time that this process takes it over. */
  readonly consumer: (acquired: AcquiredLease) => SubscriptionConsumer;
  readonly retry?: RetryStrategy;
  readonly parking?: Partial<ParkingLimits>;
  /** Events a page at most. Default 2,000. */
  readonly pageSize?: number;
  /** A page ends with the event that brings it to so many bytes. Default: as the store likes. */
  readonly pageBytes?: number;
  /** Events, and bytes of them, that are committed together at most. Default: as the consumer likes. */
  readonly flushEvents?: number;
  readonly flushBytes?: number;
  /** Milliseconds that events of history may wait, applied but not committed. Default 1,000. */
  readonly catchUpFlushMs?: (lastFlushMs: number) => number;
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
  readonly counts: PartitionCounts;
}

/** Milliseconds after which a change of the partitions is seen, should its notification be lost. */
const partitionsMs = 2_000;

interface RunningWorker {
  readonly worker: PartitionWorker;
  readonly stop: () => void;
  readonly done: Promise<void>;
}

/**
 * Feeds the events of a log to consumers, from their checkpoints on, in order and for ever. Of all processes that run
 * the same subscription one works on a partition, the others stand by and take over; each lets go of what is beyond
 * its fair part of the partitions.
 */
export class Subscription {
  readonly name: string;
  readonly #options: SubscriptionOptions;
  readonly #workers = new Map<number, RunningWorker>();
  readonly #closing = new AbortController();
  #working: Promise<void> | null = null;
  #wanted = 0n;
  #wake: () => void = () => {};

  constructor(options: SubscriptionOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(): void {
    this.#working ??= this.#work();
  }

  get status(): readonly PartitionStatus[] {
    return [...this.#workers]
      .map(([partition, { worker }]) => {
        const { state, error, parked, counts } = worker;
        return { partition, state, error, parked, counts };
      })
      .toSorted((left, right) => left.partition - right.partition);
  }

  /** Somebody waits for this position: checkpoints that only follow the log move at once. */
  follow(position: bigint): void {
    this.#wanted = position;
    for (const { worker } of this.#workers.values()) worker.follow(position);
  }

  /** An operator may have asked for a retry or a discard of a parked sequence. */
  readRequests(): void {
    for (const { worker } of this.#workers.values()) worker.readRequests();
  }

  /** Partitions may have been split or merged. */
  readPartitions(): void {
    // The heartbeat shows which leases were taken away.
    this.#options.keeper.publish();
    this.#wake();
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
    const { startDelayMs = 0, logger = silentLogger } = this.#options;
    if (startDelayMs > 0) await delay(startDelayMs, undefined, { signal }).catch(() => undefined);
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#reconcile();
        failures = 0;
        await this.#pause(partitionsMs);
      } catch (error) {
        failures += 1;
        logger.debug({ err: error, subscription: this.name }, "the partitions could not be read");
        await this.#pause(retryDelay(infrastructureRetry, failures));
      }
    }
    await Promise.all([...this.#workers.values()].map(({ done }) => done));
  }

  /** One worker for each partition that there is. */
  async #reconcile(): Promise<void> {
    const partitions = await this.#options.store.partitions.partitions(this.name);
    if (this.#closing.signal.aborted) return;
    const numbers = new Set(partitions.map(({ number }) => number));
    for (const number of numbers) if (!this.#workers.has(number)) this.#run(number);
    for (const [number, { stop }] of this.#workers) {
      if (numbers.has(number)) continue;
      stop();
      this.#workers.delete(number);
    }
    if (partitions.length > 1) await this.#balance();
  }

  /** Lets go of partitions while other processes have fewer. */
  async #balance(): Promise<void> {
    const { store, owner, leaseMs } = this.#options;
    const { partitions, nodes, mine } = await store.partitions.balance({
      subscription: this.name,
      owner,
      nodeMs: leaseMs + partitionsMs,
    });
    const surplus = mine - Math.ceil(partitions / nodes);
    if (surplus <= 0) return;
    const owned = [...this.#workers.values()].filter(({ worker }) => worker.owns);
    for (const { worker } of owned.slice(-surplus)) worker.yield(2 * partitionsMs);
  }

  #run(partition: number): void {
    const options = this.#options;
    const stopping = new AbortController();
    const worker = new PartitionWorker({
      ...options,
      subscription: options.name,
      partition,
      retry: options.retry ?? defaultRetryStrategy,
      parking: { ...defaultParkingLimits, ...options.parking },
      pageSize: options.pageSize ?? 2_000,
      pageBytes: options.pageBytes ?? null,
      flushEvents: options.flushEvents ?? Infinity,
      flushBytes: options.flushBytes ?? Infinity,
      catchUpFlushMs: options.catchUpFlushMs ?? (() => 1_000),
      onAcquire: options.onAcquire ?? (() => {}),
      onApply: (position, pending) => options.onApply?.(partition, position, pending),
      onCommit: (position, events) => options.onCommit?.(partition, position, events),
      logger: options.logger ?? silentLogger,
      signal: AbortSignal.any([this.#closing.signal, stopping.signal]),
    });
    worker.follow(this.#wanted);
    this.#workers.set(partition, { worker, stop: () => stopping.abort(), done: worker.work() });
  }

  async #pause(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const signal = AbortSignal.any([this.#closing.signal, woken.signal]);
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  }
}
