import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TidemarkError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { LeaseKeeper } from "../subscription/lease-keeper.ts";
import { silentLogger } from "../telemetry/logger.ts";
import type { AnyProjection, FoldProjection } from "./any-projection.ts";
import { attendBuilds } from "./attend-builds.ts";
import { beginBuild } from "./begin-build.ts";
import { BuildDirectory } from "./build-directory.ts";
import { BuildOperations } from "./build-operations.ts";
import { BuildRunners } from "./build-runners.ts";
import { CatchUpGoals } from "./catch-up-goals.ts";
import type { RunnerEnvironment } from "./build-runner.ts";
import type { Build, BuildState } from "./build.ts";
import type { KeyOf, RowOf, Table } from "./define-table.ts";
import { dividedBuild } from "./divided-build.ts";
import { compareFingerprints } from "./fingerprint.ts";
import { finishBuild } from "./finish-build.ts";
import { checkedRate } from "./pace.ts";
import type { ProjectionPlan } from "./plan.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { ConsumerPartitions } from "../subscription/consumer-partitions.ts";
import type { DeadLetterSource } from "../subscription/dead-letters.ts";
import { projectionStatus, type ProjectionStatus } from "./projection-status.ts";
import type { ProjectionSupervisorOptions } from "./projection-supervisor-options.ts";
import { projectorDefaults } from "./projector-defaults.ts";
import type { QueryOptions, ReadModel } from "./read-model.ts";
import type { RebuildOptions } from "./rebuild-options.ts";
import { ReadModels } from "./read-models.ts";
import type { RollbackOptions } from "./rollback.ts";
import { rowAsOf } from "./row-as-of.ts";
import { unknownProjection } from "./unknown-projection.ts";
import type { Verification, VerifyOptions } from "./verify-build.ts";

/**
 * Runs the projections of an application and answers for their read models. Any number of processes may run one
 * for the same projections: each build has one projector at a time, the others stand by.
 */
export class ProjectionSupervisor {
  readonly #definitions: ReadonlyMap<string, AnyProjection>;
  readonly #eventStore: EventStore;
  readonly #directory: BuildDirectory;
  readonly #waiters: PositionWaiters;
  readonly #readModels: ReadModels;
  readonly #keeper: LeaseKeeper;
  readonly #runners: BuildRunners;
  readonly #environment: RunnerEnvironment;
  readonly #operations: BuildOperations;
  readonly #rebuilds: "automatic" | "manual";
  /** The parts that processes share a projection by. */
  readonly partitions: ConsumerPartitions;
  readonly #catchUp = new CatchUpGoals();
  #started = false;
  #closed: Promise<void> | null = null;

  constructor(options: ProjectionSupervisorOptions) {
    const { definitions, store, eventStore, logger = silentLogger, leaseMs = 10_000 } = options;
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#eventStore = eventStore;
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
    this.#rebuilds = options.rebuilds ?? "automatic";
    const refresh = () => void this.#directory.refresh().catch(() => undefined);
    this.#environment = {
      eventStore,
      serializer: options.serializer,
      store,
      keeper: this.#keeper,
      owner: randomUUID(),
      label: `${options.applicationName} on ${hostname()}, process ${process.pid}`,
      leaseMs,
      ...projectorDefaults(options),
      logger,
      onCommit: ({ subscription }, partition, position) =>
        this.#waiters.advanced(subscription, partition, position),
      onActivated: refresh,
    };
    this.#runners = new BuildRunners(
      this.#definitions,
      this.#environment,
      options.buildHost?.(refresh) ?? null,
    );
    this.#directory.onRefresh(() => this.#runners.settle(this.#directory.states));
    this.#operations = new BuildOperations({
      store,
      eventStore,
      directory: this.#directory,
      runners: this.#runners,
      environment: this.#environment,
      logger,
      withOwnProgress: (state) => this.#withOwnProgress(state),
      refuseWhenClosed: () => this.#refuseWhenClosed(),
      isStarted: () => this.#started,
    });
    this.partitions = new ConsumerPartitions(store.partitions, async (name) =>
      dividedBuild(this.#definition(name), await this.#newest(name)),
    );
  }

  /**
   * Compares the definitions with the builds, starts what is missing and runs the projectors. Returns when that
   * has begun; see {@link whenReady}.
   *
   * @throws TidemarkError `projection-changed` when a definition changed without a new version.
   */
  async start(): Promise<void> {
    if (this.#started) return;
    const { store, eventStore, logger } = this.#environment;
    await this.#open();
    for (const definition of this.#definitions.values()) this.#compare(definition);
    for (const definition of this.#definitions.values()) {
      const { name, version } = definition;
      if (this.#directory.serving(name, version) ?? this.#directory.building(name, version)) continue;
      if (this.#rebuilds === "manual") continue;
      const build = await beginBuild(definition, store, eventStore, logger, { anew: false });
      this.#runners.run(definition, build, 0);
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

  /** Projections of which this process has a partition that stands before another log than its checkpoint is of. */
  get diverged(): readonly string[] {
    return [...this.#definitions.values()]
      .filter(({ name, version }) => {
        const serving = this.#directory.serving(name, version);
        const own = serving === null ? [] : this.#runners.partitionsOf(serving.build.id);
        return own.some(({ state }) => state === "diverged");
      })
      .map(({ name }) => name);
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
        storeId: this.#eventStore.storeId,
        isCaughtUp: (state) => this.#catchUp.isReached(state),
        withOwnProgress: (state) => this.#withOwnProgress(state),
        workersOf: ({ id }) => this.#runners.partitionsOf(id),
      }),
    );
  }

  /**
   * Builds a projection anew from position zero, beside the one that serves, and activates it. Joins a rebuild that
   * is under way, with the settings that are given. Needs no `start`: works beside running servers, whichever process
   * gets the lease. When the signal aborts, this process stops working on it; the build stays and others (or the next
   * start) go on with it.
   *
   * @throws TidemarkError `projection-unknown`, `projection-changed`, `rebuild-cancelled`; `build-has-parked` when it is
   * complete but may not serve with what is parked, see {@link RebuildOptions.activateWithParked}; `build-refused`
   * during a rollback; the signal's reason.
   */
  async rebuild(name: string, options: RebuildOptions = {}): Promise<Build> {
    checkedRate(options.eventsPerSecond ?? null);
    return this.#operations.rebuild(await this.#compared(name), options);
  }

  /**
   * Lets the build before catch up from its own checkpoint and serve again; the one that serves now is retired, and
   * kept. Works like {@link rebuild} otherwise.
   *
   * @throws TidemarkError `build-refused` with what can be done instead when no such build is kept, and everything that
   * a rebuild throws.
   */
  async rollback(name: string, options: RollbackOptions = {}): Promise<Build> {
    return this.#operations.rollback(await this.#compared(name), options);
  }

  /**
   * Changes how fast a rebuild under way goes, in whichever process; `null` for no limit. False when there is none.
   * Below the rate at which events are appended, a rebuild never ends.
   */
  async throttle(name: string, eventsPerSecond: number | null): Promise<boolean> {
    return this.#operations.throttle(await this.#fresh(name), eventsPerSecond);
  }

  /** What the start of this code would do, without doing it. */
  async plan(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ProjectionPlan[]> {
    await this.#open();
    await this.#directory.refresh();
    return this.#operations.plan(this.#definitions.values(), options.signal);
  }

  /**
   * Recomputes the read model that serves from position zero, beside it, and tells which rows differ: none, unless its
   * code was changed without a new version, is not deterministic, or somebody else wrote to its tables.
   *
   * @throws TidemarkError `build-refused` when nothing serves, or it cannot be recomputed; `projection-unknown`,
   * `projection-changed`; the signal's reason.
   */
  async verify(name: string, options: VerifyOptions = {}): Promise<Verification> {
    return this.#operations.verify(await this.#compared(name), options);
  }

  /**
   * A row of a fold projection as it was at a past position, `null` for none. Reads the projection's events up to there.
   *
   * @throws TidemarkError `validation-failed` for a position beyond the end of the log, `projection-unknown`.
   * @example
   * const before = await application.projections.asOf(balances, "42", 1_000n);
   */
  async asOf<Name extends string, T extends Table>(
    projection: FoldProjection<Name, T>,
    key: KeyOf<T>,
    position: bigint,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<RowOf<T> | null> {
    if (this.#definition(projection.name).version !== projection.version)
      throw unknownProjection(projection.name);
    const { eventStore, serializer } = this.#environment;
    const row = await rowAsOf(projection, key, position, {
      eventStore,
      serializer,
      signal: options.signal,
    });
    // The fold's own type: its table is the definition's.
    return row as RowOf<T> | null;
  }

  /**
   * Works on one build here until it is under way no more; its leases are free afterwards.
   *
   * @internal
   * @throws TidemarkError `projection-changed` when this code would make another read model of it.
   */
  async finish(
    id: bigint,
    options: { readonly startDelayMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    await this.#open();
    await this.#directory.refresh();
    for (const definition of this.#definitions.values()) this.#compare(definition);
    await finishBuild(id, {
      definitions: this.#definitions,
      directory: this.#directory,
      runners: this.#runners,
      ...options,
    });
  }

  /** Works on the projection's builds here while no other process does, until the result is disposed of. */
  async attend(name: string): Promise<AsyncDisposable> {
    return attendBuilds(await this.#compared(name), this.#directory, this.#runners);
  }

  /** Gives up a rebuild or rollback that is under way; false when there is none. */
  async cancel(name: string): Promise<boolean> {
    return this.#operations.cancel((await this.#fresh(name)).name);
  }

  /** Drops the retired builds of a projection that nobody works on: from then on there is no way back to them. */
  async confirm(name: string): Promise<readonly Build[]> {
    return this.#operations.confirm((await this.#fresh(name)).name);
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

  /** What parks events for the projections of a name, or for all of them: without builds that others have replaced. */
  async deadLetterSources(name?: string): Promise<readonly DeadLetterSource[]> {
    await this.#open();
    await this.#directory.refresh();
    return this.#directory.states
      .map(({ build }) => build)
      .filter(({ projection }) => name === undefined || projection === name)
      .filter(({ status, serving }) => status !== "retired" || serving)
      .map(({ projection, version, subscription }) => ({ name: projection, version, subscription }));
  }

  #definition(name: string): AnyProjection {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw unknownProjection(name, this.#definitions.keys());
    return definition;
  }

  /** The definition, with the directory up to date. */
  async #fresh(name: string): Promise<AnyProjection> {
    const definition = this.#definition(name);
    await this.#open();
    await this.#directory.refresh();
    return definition;
  }

  /** The same, compared with its builds. */
  async #compared(name: string): Promise<AnyProjection> {
    const definition = await this.#fresh(name);
    this.#compare(definition);
    return definition;
  }

  #compare(definition: AnyProjection): void {
    for (const { build } of this.#directory.states) {
      const isSame = build.projection === definition.name && build.version === definition.version;
      if (isSame) return compareFingerprints(definition, build.fingerprint);
    }
  }

  /** What another process reports is half a second old; what this one does it knows itself. */
  #withOwnProgress(state: BuildState): BuildState {
    const progress = state.build.status === "building" ? this.#runners.progressOf(state.build.id) : null;
    return progress === null ? state : { ...state, progress };
  }
}
