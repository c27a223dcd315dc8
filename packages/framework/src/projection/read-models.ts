import type { Kysely } from "kysely";
import { TidemarkError } from "../errors.ts";
import { parseConsistencyToken } from "../event-store/consistency-token.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { AnyProjection, TablesOf } from "./any-projection.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { BuildState } from "./build.ts";
import type { PositionWaiters } from "./position-waiters.ts";
import type { ProjectionStore } from "./projection-store.ts";
import type { QueryOptions, ReadModel, ReadModelState } from "./read-model.ts";

const defaultWaitSeconds = 5;

/** Milliseconds after which a waiting query looks whether another build has been activated meanwhile. */
const sliceMs = 250;

/** Answers queries: which build, is it ready, has it seen what the caller has written. */
export class ReadModels {
  readonly #options: ReadModelsOptions;

  constructor(options: ReadModelsOptions) {
    this.#options = options;
  }

  async query<P extends AnyProjection>(projection: P, options: QueryOptions): Promise<ReadModel<P>> {
    const { store, eventStore, waiters } = this.#options;
    const wanted =
      options.consistencyToken === undefined
        ? null
        : parseConsistencyToken(options.consistencyToken, eventStore.storeId);
    const state =
      wanted === null
        ? await this.#choose(projection, options)
        : await this.#chooseSeeing(projection, wanted, options);
    const { build } = state;
    const positions = waiters.positions(build.subscription);
    return {
      // The tables are those of the definition: the fingerprint of the build was compared with it.
      db: store.database(build) as Kysely<TablesOf<P>>,
      version: build.version,
      state: this.#stateOf(projection, state),
      positions: positions.length > 0 ? positions : state.positions,
    };
  }

  async #choose(projection: AnyProjection, options: QueryOptions): Promise<BuildState> {
    const { directory } = this.#options;
    const reads = options.reads ?? [projection.version];
    const own = reads.filter((version) => version === projection.version);
    const others = reads.filter((version) => version !== projection.version).toSorted((a, b) => b - a);
    const find = (): BuildState | null => {
      for (const version of [...own, ...others]) {
        const state = directory.serving(projection.name, version);
        if (state !== null && this.#options.isCaughtUp(state)) return state;
      }
      return null;
    };
    const known = find();
    if (known !== null) return known;
    await directory.refresh();
    const fresh = find();
    if (fresh === null) throw this.#rebuilding(projection);
    return fresh;
  }

  /** The build once it has seen the position. */
  async #chooseSeeing(
    projection: AnyProjection,
    position: bigint,
    options: QueryOptions,
  ): Promise<BuildState> {
    const { waiters, eventStore, follow } = this.#options;
    let state = await this.#choose(projection, options);
    if (waiters.hasPassed(state.build.subscription, position)) return state;
    await waiters.refresh([state.build.subscription]);
    if (waiters.hasPassed(state.build.subscription, position)) return state;
    if (position > (await eventStore.head())) {
      throw new TidemarkError(
        "consistency-token-invalid",
        "The consistency token is beyond the end of the event store's log: drop it and read without one.",
      );
    }
    const deadline = performance.now() + (options.waitSeconds ?? defaultWaitSeconds) * 1_000;
    for (;;) {
      await follow(state.build, position);
      const timeoutMs = Math.min(sliceMs, deadline - performance.now());
      const passed = await waiters.wait(state.build.subscription, position, {
        timeoutMs,
        signal: options.signal,
      });
      if (passed) return state;
      if (performance.now() >= deadline) throw this.#behind(state, position);
      state = await this.#choose(projection, options);
    }
  }

  #behind({ build, progress }: BuildState, position: bigint): TidemarkError {
    const lag = position - (this.#options.waiters.slowest(build.subscription) ?? 0n);
    const rate = progress.eventsPerSecond;
    const retryAfterSeconds = rate > 0 ? Math.min(60, Math.max(1, Math.ceil(Number(lag) / rate))) : 1;
    return new TidemarkError(
      "projection-behind",
      `The read model ${build.projection} is ${lag} positions behind the write that the token names: ask again later.`,
      { details: { projection: build.projection, lag: String(lag), retryAfterSeconds } },
    );
  }

  #stateOf(projection: AnyProjection, state: BuildState): ReadModelState {
    if (state.build.version !== projection.version) return "frozen";
    return this.#options.isDegraded(state) ? "degraded" : "current";
  }

  #rebuilding(projection: AnyProjection): TidemarkError {
    const building = this.#options.directory.building(projection.name, projection.version);
    const eta = building?.progress.etaSeconds ?? null;
    return new TidemarkError(
      "projection-rebuilding",
      `The read model ${projection.name} version ${projection.version} is being built` +
        (eta === null ? "" : ` and needs about ${Math.ceil(eta)} s more`) +
        ": ask again later.",
      {
        details: {
          projection: projection.name,
          version: projection.version,
          retryAfterSeconds: eta === null ? 1 : Math.max(1, Math.ceil(eta)),
        },
      },
    );
  }
}

export interface ReadModelsOptions {
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly directory: BuildDirectory;
  readonly waiters: PositionWaiters;
  /** False for a build that was left behind and is being brought up to date before it serves again. */
  readonly isCaughtUp: (state: BuildState) => boolean;
  /** True while events that failed are missing in it, or hold a partition of it up. */
  readonly isDegraded: (state: BuildState) => boolean;
  /** Asks whoever works on the build to let its checkpoint follow the log at once. */
  readonly follow: (build: BuildState["build"], position: bigint) => Promise<void>;
}
