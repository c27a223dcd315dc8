import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TidemarkError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { LeaseKeeper } from "../subscription/lease-keeper.ts";
import { defaultRetryStrategy } from "../subscription/retry-strategy.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import { beginBuild } from "./begin-build.ts";
import { BuildDirectory } from "./build-directory.ts";
import { BuildRunners } from "./build-runners.ts";
import { CatchUpGoals } from "./catch-up-goals.ts";
import { cancelBuilds, dropRetiredBuilds } from "./end-builds.ts";
import type { Build, BuildState } from "./build.ts";
import { followRebuild } from "./follow-rebuild.ts";
import { compareFingerprints } from "./fingerprint.ts";
import { checkedRate } from "./pace.ts";
import { PositionWaiters } from "./position-waiters.ts";
import type { DeadLetterSource } from "../subscription/dead-letters.ts";
import { ProjectionPartitions } from "./projection-partitions.ts";
import { projectionStatus, type ProjectionStatus } from "./projection-status.ts";
import type { ProjectionSupervisorOptions } from "./projection-supervisor-options.ts";
import type { ProjectionStore } from "./projection-store.ts";
import type { QueryOptions, ReadModel } from "./read-model.ts";
import type { RebuildOptions } from "./rebuild-options.ts";
import { ReadModels } from "./read-models.ts";
import { unknownProjection } from "./unknown-projection.ts";

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
  /** The parts that processes share a projection by. */
  readonly partitions: ProjectionPartitions;
  readonly #catchUp = new CatchUpGoals();
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
      isCaughtUp: (state) => this.#catchUp.isReached(state),
      isDegraded: ({ build, holders, parked }) =>
        parked.sequences > 0 ||
        holders.some(({ state }) => state === "tripped") ||
        this.#runners.partitionsOf(build.id).some((own) => own.parked > 0 || own.state === "tripped"),
      follow: async (build, position) => {
        if (!this.#runners.follow(build.subscription, position)) await store.requestFollow(build, position);
      },
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
      maxCachedRows: options.maxCachedRows ?? 500_000,
      maxCachedBytes: options.maxCachedBytes ?? 128 * 1024 * 1024,
      rebuildRate: options.rebuildRate ?? null,
      pageSize: options.pageSize ?? 2_000,
      handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
      logger,
      onCommit: ({ subscription }, partition, position) =>
        this.#waiters.advanced(subscription, partition, position),
      onActivated: () => void this.#directory.refresh().catch(() => undefined),
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
      if (left?.status === "retired") this.#catchUp.set(left, head);
    }
    this.#started = true;
    this.#directory.onRefresh(() => this.#runners.reconcile(this.#directory.states));
    await this.#directory.refresh();
  }

  /** Whether every projection has a read model of its own version. */
  get ready(): boolean {
    return [...this.#definitions.values()].every(({ name, version }) => {
      const state = this.#directory.serving(name, version);
      return state !== null && this.#catchUp.isReached(state);
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
    return [...this.#definitions.values()].map((definition) =>
      projectionStatus(definition, this.#directory.states, {
        head,
        isCaughtUp: (state) => this.#catchUp.isReached(state),
        withOwnProgress: (state) => this.#withOwnProgress(state),
        workersOf: ({ id }) => this.#runners.partitionsOf(id),
      }),
    );
  }

  /**
   * Builds a projection anew from position zero, beside the one that serves, and activates it. Joins a rebuild that
   * is under way. Needs no `start`: works beside running servers, whichever process gets the lease. When the signal
   * aborts, this process stops working on it; the build stays and others (or the next start) go on with it.
   *
   * @throws TidemarkError `projection-unknown`, `projection-changed`, `rebuild-cancelled`; the signal's reason.
   */
  async rebuild(name: string, options: RebuildOptions = {}): Promise<Build> {
    const { onProgress, signal, eventsPerSecond } = options;
    checkedRate(eventsPerSecond ?? null);
    const definition = this.#definition(name);
    await this.#open();
    this.#compare(definition);
    signal?.throwIfAborted();
    const { id } = await this.#begin(definition, { anew: true });
    if (eventsPerSecond !== undefined) this.#runners.throttle(id, eventsPerSecond);
    try {
      return await followRebuild(name, id, {
        directory: this.#directory,
        withOwnProgress: (state) => this.#withOwnProgress(state),
        refuseWhenClosed: () => this.#refuseWhenClosed(),
        onProgress,
        signal,
      });
    } finally {
      if (!this.#started) await this.#runners.end(id);
    }
  }

  /**
   * Changes how fast this process works on a rebuild that is under way; `null` for no limit. False when there is none.
   * Below the rate at which events are appended, a rebuild never ends.
   */
  async throttle(name: string, eventsPerSecond: number | null): Promise<boolean> {
    const { version } = this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    const state = this.#directory.building(name, version);
    if (state !== null) this.#runners.throttle(state.build.id, eventsPerSecond);
    return state !== null;
  }

  /** Gives up a rebuild that is under way; false when there is none. */
  async cancel(name: string): Promise<boolean> {
    this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    const cancelled = await cancelBuilds(name, this.#directory, this.#runners, this.#store);
    await this.#directory.refresh();
    return cancelled;
  }

  /** Drops the retired builds of a projection that nobody works on: from then on there is no way back to them. */
  async confirm(name: string): Promise<readonly Build[]> {
    this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    const dropped = await dropRetiredBuilds(name, this.#directory, this.#store);
    await this.#directory.refresh();
    return dropped;
  }

  /**
   * The tables of the best build whose version the caller can read.
   *
   * @throws TidemarkError `projection-rebuilding`, `projection-behind`, `consistency-token-invalid`,
   * `too-many-waiters`, `projection-unknown`.
   */
  async query<P extends AnyProjection>(projection: P, options: QueryOptions = {}): Promise<ReadModel<P>> {
    if (this.#definition(projection.name).version !== projection.version)
      throw unknownProjection(projection.name);
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
    if (state === null) throw unknownProjection(name);
    return state.build;
  }

  /** What parks events for the projections of a name, or for all of them. */
  async deadLetterSources(name?: string): Promise<readonly DeadLetterSource[]> {
    await this.#open();
    await this.#directory.refresh();
    return this.#directory.states
      .map(({ build }) => build)
      .filter(({ projection }) => name === undefined || projection === name)
      .map(({ projection, version, subscription }) => ({ name: projection, version, subscription }));
  }

  #definition(name: string): AnyProjection {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw unknownProjection(name);
    return definition;
  }

  #compare(definition: AnyProjection): void {
    for (const { build } of this.#directory.states) {
      const isSame = build.projection === definition.name && build.version === definition.version;
      if (isSame) return compareFingerprints(definition, build.fingerprint);
    }
  }

  /** Begins a build, or joins the one that is under way, and works on it. */
  async #begin(definition: AnyProjection, options: { readonly anew: boolean }): Promise<Build> {
    const build = await beginBuild(definition, this.#store, this.#eventStore, this.#logger, options);
    this.#runners.run(definition, build, 0);
    return build;
  }

  /** What another process reports is half a second old; what this one does it knows itself. */
  #withOwnProgress(state: BuildState): BuildState {
    const progress = state.build.status === "building" ? this.#runners.progressOf(state.build.id) : null;
    return progress === null ? state : { ...state, progress };
  }
}
