import type { PartitionStatus } from "../subscription/subscription.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { BuildHost } from "./build-host.ts";
import { BuildRunner, type RunnerEnvironment } from "./build-runner.ts";
import type { Build, BuildState, ProgressReport } from "./build.ts";

/** Milliseconds for which a build is left to the process that began it. */
const othersStartDelayMs = 1_000;

/** The runners of one supervisor, one for each build that its code can advance. */
export class BuildRunners {
  readonly #definitions: ReadonlyMap<string, AnyProjection>;
  readonly #environment: RunnerEnvironment;
  readonly #host: BuildHost | null;
  readonly #runners = new Map<bigint, BuildRunner>();
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  /** `host` works on what is built, as far as it takes it; what serves is worked on here. */
  constructor(
    definitions: ReadonlyMap<string, AnyProjection>,
    environment: RunnerEnvironment,
    host: BuildHost | null,
  ) {
    this.#definitions = definitions;
    this.#environment = environment;
    this.#host = host;
  }

  run(definition: AnyProjection, build: Build, startDelayMs: number): void {
    // The host lets go of a build that has become complete, and calls back.
    if (this.#runners.has(build.id) || this.#host?.has(build.id) === true || this.#closed) return;
    if (build.status === "building" && this.#host?.takes(build) === true) {
      this.#host.begin(build, startDelayMs);
      return;
    }
    const runner = new BuildRunner(definition, build, this.#environment, { startDelayMs });
    this.#runners.set(build.id, runner);
    runner.start();
  }

  /**
   * Runs the builds that serve a version this code defines, or are to; ends what is cancelled or replaced. Builds of
   * other versions belong to nodes with other code.
   */
  reconcile(states: readonly BuildState[]): void {
    const wanted = new Set<bigint>();
    for (const { build } of states) {
      const definition = this.#definitions.get(build.projection);
      if (definition?.version !== build.version) continue;
      if (!build.serving && build.status !== "building") continue;
      const runner = this.#runners.get(build.id);
      // One that followed a retired build begins anew to bring it back into service.
      if (build.returning && runner?.build.returning === false) continue;
      wanted.add(build.id);
      this.run(definition, build, build.status === "building" ? othersStartDelayMs : 0);
    }
    for (const id of this.#runners.keys()) if (!wanted.has(id)) void this.end(id);
  }

  /** Lets what this process does go on with the settings that operators have given since. */
  settle(states: readonly BuildState[]): void {
    for (const { build } of states) this.#runners.get(build.id)?.settle(build);
  }

  /** Lets a checkpoint follow the log at once; false when this process does not work on it. */
  follow(subscription: string, position: bigint): boolean {
    for (const runner of this.#runners.values()) {
      if (runner.build.subscription !== subscription || !runner.working) continue;
      runner.follow(position);
      return true;
    }
    return false;
  }

  /** An operator asks for something about the parked sequences of a subscription. */
  readRequests(subscription: string): void {
    for (const runner of this.#runners.values()) {
      if (runner.build.subscription === subscription) runner.readRequests();
    }
  }

  /** The partitions of a subscription were split or merged. */
  readPartitions(subscription: string): void {
    for (const runner of this.#runners.values()) {
      if (runner.build.subscription === subscription) runner.readPartitions();
    }
  }

  /** How far this process is with a build; `null` when another one works on it, or nobody. */
  progressOf(id: bigint): ProgressReport | null {
    return this.#runners.get(id)?.progress ?? null;
  }

  /** What this process does for a build, by partition. */
  partitionsOf(id: bigint): readonly PartitionStatus[] {
    return this.#runners.get(id)?.partitions ?? [];
  }

  async end(id: bigint): Promise<void> {
    await this.#host?.end(id);
    const runner = this.#runners.get(id);
    if (runner === undefined) return;
    this.#runners.delete(id);
    const ending = runner.close();
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#runners.keys()].map((id) => this.end(id)));
    await Promise.all([...this.#ending, this.#host?.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
