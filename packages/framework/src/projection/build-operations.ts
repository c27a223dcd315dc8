import { TidemarkError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import { beginBuild } from "./begin-build.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { RunnerEnvironment } from "./build-runner.ts";
import type { BuildRunners } from "./build-runners.ts";
import type { Build, BuildState } from "./build.ts";
import { cancelBuilds, dropRetiredBuilds } from "./end-builds.ts";
import { followRebuild, type FollowOptions } from "./follow-rebuild.ts";
import { checkedRate } from "./pace.ts";
import { planProjection, type ProjectionPlan } from "./plan.ts";
import type { ProjectionStore } from "./projection-store.ts";
import type { RebuildOptions } from "./rebuild-options.ts";
import { chooseRollback, type RollbackOptions } from "./rollback.ts";
import { verifyBuild, type Verification, type VerifyOptions } from "./verify-build.ts";

interface BuildOperationsOptions {
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly directory: BuildDirectory;
  readonly runners: BuildRunners;
  readonly environment: RunnerEnvironment;
  readonly logger: Logger;
  /** What another process reports is half a second old; what this one does it knows itself. */
  readonly withOwnProgress: (state: BuildState) => BuildState;
  readonly refuseWhenClosed: () => void;
  /** Whether this process runs its projections anyway, and goes on with a build when nobody follows it any more. */
  readonly isStarted: () => boolean;
}

/** What operators do with builds. The directory is fresh, and the definition compared with its builds. */
export class BuildOperations {
  readonly #options: BuildOperationsOptions;
  #verifying: Promise<unknown> = Promise.resolve();

  constructor(options: BuildOperationsOptions) {
    this.#options = options;
  }

  async rebuild(definition: AnyProjection, options: RebuildOptions): Promise<Build> {
    const { store, eventStore, logger } = this.#options;
    const { signal, eventsPerSecond, activateWithParked } = options;
    signal?.throwIfAborted();
    const build = await beginBuild(definition, store, eventStore, logger, {
      anew: true,
      settings: { activateWithParked, rateLimit: eventsPerSecond },
    });
    if (build.returning) {
      throw new TidemarkError(
        "build-refused",
        `The projection ${definition.name} is being rolled back to build ${build.number}: cancel that, then rebuild.`,
      );
    }
    return this.#follow(definition, build, options);
  }

  async rollback(definition: AnyProjection, options: RollbackOptions): Promise<Build> {
    const { store, eventStore, directory } = this.#options;
    const { activateWithParked = false, build: number } = options;
    const chosen = chooseRollback(definition, directory.states, number);
    const target = await eventStore.head();
    if (!(await store.returnBuild(chosen, { target, activateWithParked }))) {
      throw new TidemarkError(
        "build-refused",
        `The builds of ${definition.name} have changed meanwhile: look at them, then try again.`,
      );
    }
    await directory.refresh();
    const build = directory.states.find((state) => state.build.id === chosen.id)?.build ?? chosen;
    return this.#follow(definition, build, options);
  }

  async throttle({ name, version }: AnyProjection, eventsPerSecond: number | null): Promise<boolean> {
    const { store, directory } = this.#options;
    const rateLimit = checkedRate(eventsPerSecond);
    const state = directory.building(name, version);
    if (state === null) return false;
    await store.settleBuild(state.build, { rateLimit });
    await directory.refresh();
    return true;
  }

  async plan(
    definitions: Iterable<AnyProjection>,
    signal: AbortSignal | undefined,
  ): Promise<readonly ProjectionPlan[]> {
    const { directory, eventStore } = this.#options;
    const plans: ProjectionPlan[] = [];
    for (const definition of definitions)
      plans.push(await planProjection(definition, directory.states, eventStore, signal));
    return plans;
  }

  async verify(definition: AnyProjection, options: VerifyOptions): Promise<Verification> {
    const { directory, environment } = this.#options;
    const { name, version } = definition;
    const live = directory.serving(name, version);
    if (live === null) {
      throw new TidemarkError(
        "build-refused",
        `No read model of ${name} version ${version} serves, so there is nothing to verify: build it first.`,
      );
    }
    // Each holds connections to the end, so that several at once could wait for one another.
    const turn = this.#verifying.then(() => verifyBuild(definition, live, environment, options));
    this.#verifying = turn.catch(() => undefined);
    return turn;
  }

  async cancel(name: string): Promise<boolean> {
    const { directory, runners, store } = this.#options;
    const cancelled = await cancelBuilds(name, directory, runners, store);
    await directory.refresh();
    return cancelled;
  }

  async confirm(name: string): Promise<readonly Build[]> {
    const { directory, store } = this.#options;
    const dropped = await dropRetiredBuilds(name, directory, store);
    await directory.refresh();
    return dropped;
  }

  async #follow(definition: AnyProjection, build: Build, options: FollowOptions): Promise<Build> {
    const { directory, runners, withOwnProgress, refuseWhenClosed, isStarted } = this.#options;
    const { onProgress, signal } = options;
    runners.run(definition, build, 0);
    try {
      return await followRebuild(definition.name, build.id, {
        directory,
        withOwnProgress,
        refuseWhenClosed,
        onProgress,
        signal,
      });
    } finally {
      if (!isStarted()) await runners.end(build.id);
    }
  }
}
