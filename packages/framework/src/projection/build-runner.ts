import { setTimeout as delay } from "node:timers/promises";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { LeaseKeeper } from "../subscription/lease-keeper.ts";
import type { ParkingLimits } from "../subscription/parking-breaker.ts";
import type { PartitionState } from "../subscription/partition-worker.ts";
import type { RetryStrategy } from "../subscription/retry-strategy.ts";
import { Subscription, type PartitionStatus } from "../subscription/subscription.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build, ProgressReport } from "./build.ts";
import { createProjector } from "./create-projector.ts";
import { Pace } from "./pace.ts";
import type { ProjectionStore } from "./projection-store.ts";
import { RateMeter } from "./rate-meter.ts";

/** What the runners of one supervisor share. */
export interface RunnerEnvironment {
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly store: ProjectionStore;
  readonly keeper: LeaseKeeper;
  readonly owner: string;
  readonly label: string;
  readonly leaseMs: number;
  readonly retry: RetryStrategy;
  readonly parking: Partial<ParkingLimits>;
  /** Events a second that a build under way reads at most; `null` for no limit. */
  readonly rebuildRate: number | null;
  readonly maxCachedRows: number;
  readonly maxCachedBytes: number;
  readonly maxHandlerBytes: number;
  readonly maxRowBytes: number;
  readonly pageSize: number;
  readonly handlerTimeoutMs: number;
  readonly logger: Logger;
  /** A checkpoint of this process's projectors has moved. */
  readonly onCommit: (build: Build, partition: number, position: bigint) => void;
  readonly onActivated: (build: Build) => void;
}

/** Milliseconds between two reports of a build's progress. */
const reportMs = 500;

/**
 * A build of history flushes seldom: what it writes is read by nobody until it is complete, and a row that is written
 * once more costs 15 µs, where one that is new costs 1. What a killed process has to do again is no more than this.
 */
const buildingFlushMs = 60_000;

/** Where writing takes long, the next time is put off so that it takes a tenth of the whole. */
const flushShare = 0.1;

function building(lastFlushMs: number): number {
  return Math.max(buildingFlushMs, lastFlushMs / flushShare);
}

/** A build counts as level with the log when it reaches a head this many milliseconds after that was the head. */
const levelMs = 400;

/** Milliseconds after which a complete build looks again whether it may serve with what is parked. */
const parkedMs = 500;

const workingStates: ReadonlySet<PartitionState> = new Set(["running", "retrying", "tripped"]);

interface PartitionProgress {
  readonly position: bigint;
  readonly readPosition: bigint;
  readonly events: bigint;
  readonly pending: number;
}

/** What an operator has asked for goes before what this process does by itself. */
function rateOf({ rateLimit }: Build, { rebuildRate }: RunnerEnvironment): number | null {
  if (rateLimit === null) return rebuildRate;
  return rateLimit === Infinity ? null : rateLimit;
}

/** Runs the projector of one build, whenever this process has its lease, and activates the build when it is complete. */
export class BuildRunner {
  readonly build: Build;
  readonly #projection: AnyProjection;
  readonly #environment: RunnerEnvironment;
  readonly #subscription: Subscription;
  readonly #pace: Pace;
  readonly #closing = new AbortController();
  readonly #eventRate = new RateMeter();
  readonly #positionRate = new RateMeter();
  /** What this process has done of each partition that it has worked on. */
  readonly #partitions = new Map<number, PartitionProgress>();
  #finishing: Promise<void> | null = null;
  #complete: boolean;
  #reporter: NodeJS.Timeout | null = null;
  #wake: () => void = () => {};

  constructor(
    projection: AnyProjection,
    build: Build,
    environment: RunnerEnvironment,
    options: { readonly startDelayMs: number },
  ) {
    this.build = build;
    this.#projection = projection;
    this.#environment = environment;
    this.#complete = build.status !== "building";
    this.#pace = new Pace(this.#complete ? null : rateOf(build, environment));
    this.#subscription = new Subscription({
      ...environment,
      between: (pages, signal) => this.#pace.slow(pages, signal),
      ...options,
      name: build.subscription,
      filter: { types: projection.events.map(({ recordName }) => recordName) },
      consumer: ({ partition }) => createProjector(projection, build, partition, environment),
      ...(build.status === "building" ? { catchUpFlushMs: building } : {}),
      onAcquire: ({ partition, checkpoint, events }) => {
        const position = checkpoint?.position ?? 0n;
        this.#partitions.set(partition.number, { position, readPosition: position, events, pending: 0 });
        this.#advanced();
      },
      onApply: (partition, position, pending) => {
        const progress = this.#partitions.get(partition);
        if (progress !== undefined) Object.assign(progress, { readPosition: position, pending });
      },
      onCommit: (partition, position, handled) => {
        const events = (this.#partitions.get(partition)?.events ?? 0n) + BigInt(handled);
        this.#partitions.set(partition, { position, readPosition: position, events, pending: 0 });
        environment.onCommit(build, partition, position);
        this.#advanced();
      },
    });
  }

  get partitions(): readonly PartitionStatus[] {
    return this.#subscription.status;
  }

  /** Whether this process works on the build now. */
  get working(): boolean {
    return this.partitions.some(({ state }) => workingStates.has(state));
  }

  start(): void {
    this.#subscription.start();
    if (this.build.status !== "building") return;
    this.#reporter = setInterval(() => this.#report(), reportMs);
    this.#reporter.unref();
  }

  /** An operator may have set another pace. */
  settle(build: Build): void {
    if (this.#complete) return;
    const rate = rateOf(build, this.#environment);
    if (rate !== this.#pace.eventsPerSecond) this.#pace.eventsPerSecond = rate;
  }

  /** Somebody waits for this position. */
  follow(position: bigint): void {
    this.#subscription.follow(position);
  }

  readPartitions(): void {
    this.#subscription.readPartitions();
  }

  /** An operator asks for something about parked sequences. */
  readRequests(): void {
    this.#subscription.readRequests();
  }

  /** How far this process has read; `null` while another one does it. */
  get progress(): ProgressReport | null {
    if (!this.working) return null;
    const owned = this.#owned;
    // Each partition reads all events, so the slowest one tells.
    const slowest = owned.reduce<PartitionProgress | null>(
      (least, progress) => (least === null || progress.readPosition < least.readPosition ? progress : least),
      null,
    );
    const position = slowest?.readPosition ?? 0n;
    const events = (slowest?.events ?? 0n) + BigInt(slowest?.pending ?? 0);
    const eventsPerSecond = this.#eventRate.measure(Number(events));
    const rate = this.#positionRate.measure(Number(position));
    const left = Number(this.build.target - position);
    return {
      events,
      position,
      eventsPerSecond,
      etaSeconds: left <= 0 ? 0 : rate > 0 ? left / rate : null,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    if (this.#reporter !== null) clearInterval(this.#reporter);
    await Promise.all([this.#subscription.close(), this.#finishing]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Progress of the partitions that this process has now. */
  get #owned(): readonly PartitionProgress[] {
    return this.partitions
      .filter(({ state }) => workingStates.has(state))
      .map(({ partition }) => this.#partitions.get(partition))
      .filter((progress) => progress !== undefined);
  }

  /** Committed by every partition that this process has; other processes know theirs. */
  get #position(): bigint {
    return (
      this.#owned.reduce<bigint | null>(
        (least, { position }) => (least === null || position < least ? position : least),
        null,
      ) ?? 0n
    );
  }

  #advanced(): void {
    this.#wake();
    if (this.build.status !== "building" || this.#position < this.build.target) return;
    this.#finishing ??= this.#finish();
  }

  /** Adds what a complete build needs and activates it once it is level with the log. */
  async #finish(): Promise<void> {
    const { store, eventStore, logger, onActivated } = this.#environment;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        if (this.#projection.form === "fold") await store.createIndexes(this.build, this.#projection.table);
        while (!signal.aborted && this.working) {
          const since = performance.now();
          await this.#reached(await eventStore.head());
          if (performance.now() - since > levelMs || signal.aborted) continue;
          const outcome = await store.activate(this.build, eventStore);
          if (outcome === "behind" || outcome === "parked") {
            // Another process may have a partition that is not as far, or an operator has to say something first.
            const pause = outcome === "behind" ? levelMs / 4 : parkedMs;
            await delay(pause, undefined, { signal }).catch(() => undefined);
            continue;
          }
          if (this.#reporter !== null) clearInterval(this.#reporter);
          this.#complete = true;
          this.#pace.eventsPerSecond = null;
          if (outcome === "activated") {
            logger.info(
              { projection: this.build.projection, build: this.build.schema },
              "a read model is complete",
            );
            onActivated(this.build);
          }
          return;
        }
        this.#finishing = null;
        return;
      } catch (error) {
        logger.warn(
          { err: error, build: this.build.schema },
          "a complete read model could not be activated yet",
        );
        await delay(1_000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Returns when the checkpoint has passed the position, or this process stops working on the build. */
  async #reached(position: bigint): Promise<void> {
    this.follow(position);
    while (this.#position < position && !this.#closing.signal.aborted && this.working) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, reportMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #report(): void {
    const { progress } = this;
    if (progress === null) return;
    this.#environment.store.reportProgress(this.build, progress).catch((error: unknown) => {
      this.#environment.logger.debug({ err: error }, "the progress of a build could not be reported");
    });
  }
}
