import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TidemarkError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { LeaseKeeper } from "../subscription/lease-keeper.ts";
import type { ParkingLimits } from "../subscription/parking-breaker.ts";
import { defaultRetryStrategy, type RetryStrategy } from "../subscription/retry-strategy.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import { BuildDirectory } from "./build-directory.ts";
import { BuildRunners } from "./build-runners.ts";
import type { Build, BuildProgress, BuildState } from "./build.ts";
import { compareFingerprints, fingerprintOf } from "./fingerprint.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { DeadLetters } from "./dead-letters.ts";
import { ProjectionPartitions } from "./projection-partitions.ts";
import type { ProjectionStatus } from "./projection-status.ts";
import type { ProjectionStore } from "./projection-store.ts";
import type { QueryOptions, ReadModel } from "./read-model.ts";
import { ReadModels } from "./read-models.ts";

export interface ProjectionSupervisorOptions {
  readonly definitions: readonly AnyProjection[];
  readonly eventStore: EventStore;
  /** Knows the events of every definition. */
  readonly serializer: EventSerializer;
  /** Opened and closed by the caller. */
  readonly store: ProjectionStore;
  /** Shown to other processes as the owner of leases. */
  readonly applicationName: string;
  readonly logger?: Logger;
  /** Milliseconds until a process that has died is taken over. Default 10,000. */
  readonly leaseMs?: number;
  readonly retry?: RetryStrategy;
  /** How much may be parked before a partition stands instead. Default 100 sequences, 20 % within a minute. */
  readonly parking?: Partial<ParkingLimits>;
  /** Rows that the projector of a fold keeps in memory. Default 100,000. */
  readonly maxCachedRows?: number;
  /** Events that a projector reads at a time. Default 2,000. */
  readonly pageSize?: number;
  /** Milliseconds that a handler has. Default 30,000. */
  readonly handlerTimeoutMs?: number;
  /** Queries that may wait for a read model at a time. Default 1,000. */
  readonly maxWaiters?: number;
}

/**
 * Runs the projections of an application and answers for their read models. Any number of processes may run one
 * for the same projections: each build has one projector at a time, the others stand by.
 */
export class ProjectionSupervisor {
  readonly #definitions: ReadonlyMap<string, AnyProjection>;
  readonly #store: ProjectionStore;
  readonly #eventStore: EventStore;
  readonly #logger: Logger;
  readonly #directory: BuildDirectory;
  readonly #waiters: PositionWaiters;
  readonly #readModels: ReadModels;
  readonly #keeper: LeaseKeeper;
  readonly #runners: BuildRunners;
  /** Events that were parked, and what operators do with them. */
  readonly deadLetters: DeadLetters;
  /** The parts that processes share a projection by. */
  readonly partitions: ProjectionPartitions;
  /** Builds that must pass a position before they serve again, because they were left behind for a newer one. */
  readonly #catchingUp = new Map<bigint, bigint>();
  #started = false;
  #closed: Promise<void> | null = null;

  constructor(options: ProjectionSupervisorOptions) {
    const { definitions, store, eventStore, logger = silentLogger, leaseMs = 10_000 } = options;
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#store = store;
    this.#eventStore = eventStore;
    this.#logger = logger;
    this.#directory = new BuildDirectory({ store, projections: [...this.#definitions.keys()], logger });
    this.#waiters = new PositionWaiters({ store, max: options.maxWaiters ?? 1_000, logger });
    this.#readModels = new ReadModels({
      store,
      eventStore,
      directory: this.#directory,
      waiters: this.#waiters,
      isCaughtUp: (state) => this.#isCaughtUp(state),
      isDegraded: ({ build, holders, parked }) =>
        parked.sequences > 0 ||
        holders.some(({ state }) => state === "tripped") ||
        this.#runners.partitionsOf(build.id).some((own) => own.parked > 0 || own.state === "tripped"),
      follow: (build, position) => this.#follow(build, position),
    });
    this.#keeper = new LeaseKeeper({ store, leaseMs, logger });
    this.#runners = new BuildRunners(this.#definitions, {
      eventStore,
      serializer: options.serializer,
      store,
      keeper: this.#keeper,
      owner: randomUUID(),
      label: `${options.applicationName} on ${hostname()}, process ${process.pid}`,
      leaseMs,
      retry: options.retry ?? defaultRetryStrategy,
      parking: options.parking ?? {},
      maxCachedRows: options.maxCachedRows ?? 100_000,
      pageSize: options.pageSize ?? 2_000,
      handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
      logger,
      onCommit: ({ subscription }, partition, position) =>
        this.#waiters.advanced(subscription, partition, position),
      onActivated: () => void this.#directory.refresh().catch(() => undefined),
    });
    this.deadLetters = new DeadLetters({
      store: store.deadLetters,
      eventStore,
      serializer: options.serializer,
      builds: (projection) => this.#builds(projection),
    });
    this.partitions = new ProjectionPartitions(store.partitions, async (name) => ({
      definition: this.#definition(name),
      build: await this.#newest(name),
    }));
  }

  /**
   * Compares the definitions with the builds, starts what is missing and runs the projectors. Returns when that
   * has begun; see {@link whenReady}.
   *
   * @throws TidemarkError `projection-changed` when a definition changed without a new version.
   */
  async start(): Promise<void> {
    if (this.#started) return;
    await this.#open();
    for (const definition of this.#definitions.values()) this.#compare(definition);
    for (const definition of this.#definitions.values()) {
      const { name, version } = definition;
      if (this.#directory.serving(name, version) ?? this.#directory.building(name, version)) continue;
      await this.#begin(definition, { anew: false });
    }
    const head = await this.#eventStore.head();
    for (const definition of this.#definitions.values()) {
      const left = this.#directory.serving(definition.name, definition.version)?.build;
      if (left?.status === "retired") this.#catchingUp.set(left.id, head);
    }
    this.#started = true;
    this.#directory.onRefresh(() => this.#runners.reconcile(this.#directory.states));
    await this.#directory.refresh();
  }

  /** Whether every projection has a read model of its own version. */
  get ready(): boolean {
    return [...this.#definitions.values()].every(({ name, version }) => {
      const state = this.#directory.serving(name, version);
      return state !== null && this.#isCaughtUp(state);
    });
  }

  /** Waits until {@link ready}; rejects with the signal's reason. */
  async whenReady(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#open();
    while (!this.ready) {
      options.signal?.throwIfAborted();
      this.#refuseWhenClosed();
      await this.#directory.nextRefresh(options.signal);
    }
  }

  /** Every build that has tables, as all processes together know it. Needs no `start`. */
  async status(): Promise<readonly ProjectionStatus[]> {
    await this.#open();
    await this.#directory.refresh();
    const head = await this.#eventStore.head();
    return [...this.#definitions.values()].map(({ name, version }) => {
      const builds = this.#directory.states.filter(({ build }) => build.projection === name);
      return {
        name,
        version,
        ready: builds.some(
          (state) => state.build.version === version && state.build.serving && this.#isCaughtUp(state),
        ),
        builds: builds.map((state) => ({
          ...this.#withOwnProgress(state),
          lag: lagOf(state, head),
          workers: this.#runners.partitionsOf(state.build.id),
        })),
      };
    });
  }

  /**
   * Builds a projection anew from position zero, beside the one that serves, and activates it. Joins a rebuild that
   * is under way. Needs no `start`: works beside running servers, whichever process gets the lease. When the signal
   * aborts, this process stops working on it; the build stays and others (or the next start) go on with it.
   *
   * @throws TidemarkError `projection-unknown`, `projection-changed`, `rebuild-cancelled`; the signal's reason.
   */
  async rebuild(
    name: string,
    options: { readonly onProgress?: (progress: BuildProgress) => void; readonly signal?: AbortSignal } = {},
  ): Promise<Build> {
    const { onProgress, signal } = options;
    const definition = this.#definition(name);
    await this.#open();
    this.#compare(definition);
    signal?.throwIfAborted();
    const { id } = await this.#begin(definition, { anew: true });
    try {
      for (;;) {
        await this.#directory.refresh();
        const state = this.#directory.states.find(({ build }) => build.id === id);
        if (state === undefined) {
          throw new TidemarkError(
            "rebuild-cancelled",
            `The rebuild of ${name} was cancelled: nothing has changed.`,
          );
        }
        const { build, progress } = this.#withOwnProgress(state);
        onProgress?.({ ...progress, build, target: build.target });
        if (build.status !== "building") return build;
        const pause = AbortSignal.any([AbortSignal.timeout(250), ...(signal === undefined ? [] : [signal])]);
        await this.#directory.nextRefresh(pause);
        signal?.throwIfAborted();
        this.#refuseWhenClosed();
      }
    } finally {
      if (!this.#started) await this.#runners.end(id);
    }
  }

  /** Gives up a rebuild that is under way; false when there is none. */
  async cancel(name: string): Promise<boolean> {
    this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    let cancelled = false;
    for (const { build } of this.#directory.states) {
      if (build.projection !== name || build.status !== "building") continue;
      await this.#runners.end(build.id);
      cancelled = (await this.#store.cancel(build)) || cancelled;
    }
    await this.#directory.refresh();
    return cancelled;
  }

  /** Drops the retired builds of a projection that nobody works on: from then on there is no way back to them. */
  async confirm(name: string): Promise<readonly Build[]> {
    this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    const retired = this.#directory.states.filter(
      ({ build }) => build.projection === name && build.status === "retired",
    );
    const dropped = await Promise.all(
      retired.map(async ({ build }) => ((await this.#store.drop(build)) ? build : null)),
    );
    await this.#directory.refresh();
    return dropped.filter((build) => build !== null);
  }

  /**
   * The tables of the best build whose version the caller can read.
   *
   * @throws TidemarkError `projection-rebuilding`, `projection-behind`, `consistency-token-invalid`,
   * `too-many-waiters`, `projection-unknown`.
   */
  async query<P extends AnyProjection>(projection: P, options: QueryOptions = {}): Promise<ReadModel<P>> {
    if (this.#definition(projection.name).version !== projection.version) throw unknown(projection.name);
    await this.#open();
    return this.#readModels.query(projection, options);
  }

  /** Ends projectors and waiters, releases the leases. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#waiters.close();
    await this.#directory.close();
    await this.#runners.close();
    await this.#keeper.close();
  }

  async #open(): Promise<void> {
    this.#refuseWhenClosed();
    await this.#directory.open({
      onFollow: (subscription, position) => this.#runners.follow(subscription, position),
      onPartitionsChanged: (subscription) => this.#runners.readPartitions(subscription),
      onRequest: (subscription) => this.#runners.readRequests(subscription),
    });
  }

  #refuseWhenClosed(): void {
    if (this.#closed === null) return;
    throw new TidemarkError("application-closed", "The application is shutting down: ask another node.", {
      details: { retryAfterSeconds: 1 },
    });
  }

  /** The build of this code's version that is under way, or the one that serves. */
  async #newest(name: string): Promise<Build> {
    const { version } = this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    const state = this.#directory.building(name, version) ?? this.#directory.serving(name, version);
    if (state === null) throw unknown(name);
    return state.build;
  }

  async #builds(projection?: string): Promise<readonly Build[]> {
    if (projection !== undefined) this.#definition(projection);
    await this.#open();
    await this.#directory.refresh();
    return this.#directory.states
      .map(({ build }) => build)
      .filter((build) => projection === undefined || build.projection === projection);
  }

  #definition(name: string): AnyProjection {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw unknown(name);
    return definition;
  }

  #compare(definition: AnyProjection): void {
    const { name, version } = definition;
    const built = this.#directory.states.find(
      ({ build }) => build.projection === name && build.version === version,
    );
    if (built !== undefined) compareFingerprints(definition, built.build.fingerprint);
  }

  /** Begins a build, or joins the one that is under way, and works on it. */
  async #begin(definition: AnyProjection, options: { readonly anew: boolean }): Promise<Build> {
    const fingerprint = fingerprintOf(definition);
    const target = await this.#eventStore.head();
    const { build, created } = await this.#store.createBuild(definition, { fingerprint, target, ...options });
    if (created) {
      this.#logger.info(
        { projection: build.projection, version: build.version, build: build.schema },
        "a build begins",
      );
    }
    this.#runners.run(definition, build, 0);
    return build;
  }

  #isCaughtUp({ build, positions }: BuildState): boolean {
    const goal = this.#catchingUp.get(build.id);
    if (goal === undefined) return true;
    if (positions.some(({ position }) => position < goal)) return false;
    this.#catchingUp.delete(build.id);
    return true;
  }

  async #follow(build: Build, position: bigint): Promise<void> {
    if (!this.#runners.follow(build.subscription, position)) await this.#store.requestFollow(build, position);
  }

  /** What another process reports is half a second old; what this one does it knows itself. */
  #withOwnProgress(state: BuildState): BuildState {
    const progress = state.build.status === "building" ? this.#runners.progressOf(state.build.id) : null;
    return progress === null ? state : { ...state, progress };
  }
}

function lagOf({ positions }: BuildState, head: bigint): bigint {
  const slowest = positions.reduce((least, { position }) => (position < least ? position : least), head);
  return head - slowest;
}

function unknown(name: string): TidemarkError {
  return new TidemarkError(
    "projection-unknown",
    `The application has no projection ${name} of this version: add it to its definition.`,
  );
}
