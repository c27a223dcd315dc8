import { setTimeout as delay } from "node:timers/promises";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventPage, EventStore } from "../event-store/event-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { OutageLog } from "../telemetry/outage-log.ts";
import { compareWithLog } from "./checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";
import { EventFailure } from "./event-failure.ts";
import { classifyFailure } from "./failure-class.ts";
import { Isolation } from "./isolation.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { AcquiredLease, LeaseStore } from "./lease-store.ts";
import { ParkedSequences } from "./parked-sequences.ts";
import { ParkingBreaker, type ParkingLimits } from "./parking-breaker.ts";
import type { PartitionStore } from "./partition-store.ts";
import { BatchFailure, PartitionRun } from "./partition-run.ts";
import { infrastructureRetry, retryDelay, type RetryStrategy } from "./retry-strategy.ts";
import type { Sequence } from "./sequence.ts";
import type { SubscriptionConsumer } from "./subscription-consumer.ts";

/**
 * `standby`: another process has the lease. `retrying`: an event fails, and is tried again. `tripped`: more fails than
 * may be parked, so the partition stands and tries seldom until someone has looked. `paused`: infrastructure is away.
 * `waiting`: an event needs a newer deployment. `diverged`: the checkpoint is of another log, nothing happens until
 * someone decides.
 */
export type PartitionState =
  "standby" | "running" | "retrying" | "tripped" | "paused" | "waiting" | "diverged" | "stopped";

export interface PartitionWorkerOptions {
  readonly subscription: string;
  readonly partition: number;
  readonly filter: EventFilter;
  readonly eventStore: EventStore;
  readonly store: CheckpointStore &
    LeaseStore & { readonly deadLetters: DeadLetterStore; readonly partitions: PartitionStore };
  /** Comes between the store's pages and the consumer: a rebuild's pace, for example. */
  readonly between?: (pages: AsyncIterable<EventPage>, signal: AbortSignal) => AsyncIterable<EventPage>;
  readonly keeper: LeaseKeeper;
  readonly owner: string;
  readonly label: string;
  readonly leaseMs: number;
  readonly retry: RetryStrategy;
  readonly parking: ParkingLimits;
  readonly consumer: (acquired: AcquiredLease) => SubscriptionConsumer;
  readonly pageSize: number;
  readonly pageBytes: number | null;
  readonly flushEvents: number;
  readonly flushBytes: number;
  readonly catchUpFlushMs: (lastFlushMs: number) => number;
  readonly onAcquire: (acquired: AcquiredLease) => void;
  readonly onApply: (position: bigint, pending: number) => void;
  readonly onCommit: (position: bigint, events: number) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a process has done for one partition since it began to stand by or work on it. */
export interface PartitionCounts {
  /** Events handled. */
  readonly handled: number;
  /** Attempts after an event had failed. */
  readonly retries: number;
  /** Pauses because infrastructure was away. */
  readonly outages: number;
  /** Events that are read and not committed. */
  readonly buffered: number;
  /** How many may be; `null` where rows or bytes bound them. */
  readonly bufferLimit: number | null;
}

/** Milliseconds until a node asks again whether it can read an event that was too new for it. */
/** A replay, or the right store behind the address, is noticed after this many milliseconds. */
const divergedDelayMs = 2_000;

const newerDelayMs = 5_000;

/** Owns one partition whenever it can, and handles what goes wrong by its class. */
export class PartitionWorker {
  readonly #options: PartitionWorkerOptions;
  readonly #isolation = new Isolation();
  readonly #breaker: ParkingBreaker;
  #parked = new ParkedSequences();
  #yielding = new AbortController();
  #restUntil = 0;
  #run: PartitionRun | null = null;
  #wanted = 0n;
  #wake: () => void = () => {};
  #isDiverged = false;
  #outages = 0;
  readonly #counts = { handled: 0, retries: 0, outages: 0, buffered: 0 };
  #state: PartitionState = "standby";
  #error: string | null = null;

  readonly #outageLog: OutageLog;

  constructor(options: PartitionWorkerOptions) {
    this.#outageLog = new OutageLog(options.logger, {
      begun: "a subscription pauses until an outage is over",
      over: "a subscription goes on after an outage",
    });
    this.#options = options;
    this.#breaker = new ParkingBreaker(options.parking);
  }

  get state(): PartitionState {
    return this.#state;
  }

  get error(): string | null {
    return this.#error;
  }

  get counts(): PartitionCounts {
    const { flushEvents } = this.#options;
    return { ...this.#counts, bufferLimit: Number.isFinite(flushEvents) ? flushEvents : null };
  }

  /** Whether this process has the partition. */
  get owns(): boolean {
    return this.#run !== null;
  }

  /** Lets go after the commit that is under way, and leaves the partition to others for a while. */
  yield(restMs: number): void {
    this.#restUntil = performance.now() + restMs;
    this.#yielding.abort();
  }

  /** Sequences that stand still, while this process owns the partition. */
  get parked(): number {
    return this.#run === null ? 0 : this.#parked.size;
  }

  /** An operator may have asked for a retry or a discard. */
  readRequests(): void {
    this.#run?.readRequests();
    if (this.#state === "tripped") this.#wake();
  }

  follow(position: bigint): void {
    this.#wanted = position;
    this.#run?.follow(position);
  }

  /** Works until the signal aborts; never throws. */
  async work(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const rest = this.#restUntil - performance.now();
      if (rest > 0) {
        this.#become("standby");
        await this.#pause(rest);
        continue;
      }
      try {
        const acquired = await this.#options.store.acquire({
          subscription: this.#options.subscription,
          partition: this.#options.partition,
          owner: this.#options.owner,
          label: this.#options.label,
          leaseMs: this.#options.leaseMs,
        });
        if (acquired === null) {
          this.#become("standby");
          await this.#pause(Math.min(1_000, this.#options.leaseMs / 5) * (0.75 + Math.random() / 2));
        } else {
          await this.#workUnder(acquired);
        }
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
    }
    this.#become("stopped");
  }

  async #workUnder(acquired: AcquiredLease): Promise<void> {
    const { eventStore, keeper, subscription, onAcquire, store, partition } = this.#options;
    const { lease, stopAt } = acquired;
    const held = keeper.hold(lease, () => ({ state: this.#state, error: this.#error }));
    this.#yielding = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, held.signal, this.#yielding.signal]);
    try {
      let checkpoint = acquired.checkpoint ?? { storeId: eventStore.storeId, position: 0n, eventId: null };
      await compareWithLog(eventStore, subscription, { ...checkpoint, replayUntil: acquired.replayUntil });
      this.#isDiverged = false;
      const parked = new ParkedSequences();
      parked.load(await store.deadLetters.parked(subscription, partition));
      this.#parked = parked;
      const context = { lease, signal, parked, breaker: this.#breaker };
      const consumer = this.#options.consumer(acquired);
      this.#become("running");
      onAcquire(acquired);
      while (!signal.aborted) {
        const run = new PartitionRun({
          ...this.#options,
          consumer,
          stopAt,
          checkpoints: store,
          deadLetters: store.deadLetters,
          isolation: this.#isolation,
          context,
          checkpoint,
          onApply: (position, pending) => {
            this.#counts.buffered = pending;
            this.#options.onApply(position, pending);
          },
          onCommit: (position, events) => this.#committed(position, events),
        });
        this.#run = run;
        run.follow(this.#wanted);
        try {
          if (this.#state !== "retrying" && this.#state !== "tripped") this.#become("running");
          await run.run();
          if (stopAt !== null && run.committed.position === stopAt) {
            await store.partitions.completeMerge(lease);
            return;
          }
          if (!signal.aborted) throw new Error("the event store ended the subscription");
        } catch (error) {
          checkpoint = run.committed;
          if (!(error instanceof BatchFailure)) await this.#retryEvent(error);
        }
      }
      held.signal.throwIfAborted();
    } finally {
      this.#run = null;
      this.#counts.buffered = 0;
      await held.release();
    }
  }

  #committed(position: bigint, events: number): void {
    this.#outages = 0;
    this.#outageLog.succeeded({ subscription: this.#options.subscription });
    this.#counts.handled += events;
    this.#counts.buffered = 0;
    this.#become("running");
    this.#options.onCommit(position, events);
  }

  /** Waits for the event's next attempt; throws what is no event's fault. */
  async #retryEvent(error: unknown): Promise<void> {
    if (classifyFailure(error) !== "event" || !(error instanceof EventFailure) || error.position === null) {
      throw error;
    }
    const { retry, subscription, logger } = this.#options;
    const attempts = this.#isolation.found(error.position);
    const failed = { err: error.cause, subscription, position: String(error.position), attempts };
    const message = `position ${error.position}: ${error.message}`;
    if (error.retryable && attempts < retry.steps) {
      const wait = retryDelay(retry, attempts);
      this.#counts.retries += 1;
      this.#become("retrying", message);
      logger.warn({ ...failed, retryInMs: wait }, "an event failed");
      await this.#pause(wait);
      return;
    }
    const refusal = this.#refusalToPark(error.sequences);
    if (refusal !== null) {
      this.#become("tripped", `${refusal}; ${message}`);
      logger.error(
        { ...failed, reason: refusal, retryInMs: retry.cap },
        "a partition stands: too much fails",
      );
      await this.#pause(retry.cap);
      return;
    }
    const condemned = { position: error.position, error: error.message, attempts };
    for (const sequence of error.sequences) this.#parked.condemn(sequence, condemned);
    logger.error(
      { ...failed, sequences: error.sequences },
      "an event is parked, and what follows in its sequence",
    );
  }

  #refusalToPark(sequences: readonly Sequence[]): string | null {
    if (sequences.length === 0) return "nobody knows which sequence the event belongs to";
    for (const sequence of sequences) {
      const refusal = this.#breaker.refusal(sequence, this.#parked.size);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  async #recover(error: unknown): Promise<void> {
    const { subscription, logger } = this.#options;
    const failure = classifyFailure(error);
    const message = error instanceof Error ? error.message : String(error);
    if (failure === "lease-lost") {
      this.#become("standby");
      logger.info({ subscription, reason: message }, "another process has taken over");
    } else if (failure === "diverged") {
      if (!this.#isDiverged)
        logger.error(
          { err: error, subscription },
          "a subscription stopped: its checkpoint is of another log",
        );
      this.#isDiverged = true;
      this.#become("diverged", message);
      await this.#pause(divergedDelayMs);
    } else if (failure === "newer") {
      if (this.#state !== "waiting")
        logger.warn({ subscription, reason: message }, "waiting for a newer deployment");
      this.#become("waiting", message);
      await this.#pause(newerDelayMs);
    } else {
      this.#outages += 1;
      this.#counts.outages += 1;
      const wait = retryDelay(infrastructureRetry, this.#outages);
      this.#become("paused", message);
      this.#outageLog.failed(error, { subscription });
      await this.#pause(wait);
    }
  }

  #become(state: PartitionState, error: string | null = null): void {
    const changed = state !== this.#state;
    this.#state = state;
    this.#error = error;
    if (changed && this.#run !== null) this.#options.keeper.publish();
  }

  async #pause(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const signal = AbortSignal.any([this.#options.signal, woken.signal]);
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  }
}
