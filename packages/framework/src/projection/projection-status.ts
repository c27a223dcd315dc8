import type { PartitionStatus } from "../subscription/subscription.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build, BuildState } from "./build.ts";

/** One build of a projection and its distance from the head of the log. */
export interface BuildReport extends BuildState {
  /** Whether it was made from another log than the one at hand. */
  readonly ofAnotherLog: boolean;
  /** Positions between the head and the slowest partition. */
  readonly lag: bigint;
  /**
   * What a complete build waits for before it serves: `parked-sequences` until they are retried or discarded, or a
   * rebuild is told to activate with them. `null` for nothing.
   */
  readonly waitsFor: "parked-sequences" | null;
  /** What this process does for it, also while another one has the lease; empty when it does nothing. */
  readonly workers: readonly PartitionStatus[];
}

export interface ProjectionStatus {
  readonly name: string;
  /** The version that this code defines. */
  readonly version: number;
  /** Whether there is a read model of that version. */
  readonly ready: boolean;
  /** Newest first. */
  readonly builds: readonly BuildReport[];
}

/** One projection's part of the report, from the builds as all processes know them and what this one knows better. */
export function projectionStatus(
  { name, version }: AnyProjection,
  states: readonly BuildState[],
  own: {
    readonly head: bigint;
    readonly storeId: string;
    readonly isCaughtUp: (state: BuildState) => boolean;
    readonly withOwnProgress: (state: BuildState) => BuildState;
    readonly workersOf: (build: Build) => readonly PartitionStatus[];
  },
): ProjectionStatus {
  const builds = states.filter(({ build }) => build.projection === name);
  return {
    name,
    version,
    ready: builds.some(
      (state) => state.build.version === version && state.build.serving && own.isCaughtUp(state),
    ),
    builds: builds.map((state) => ({
      ...own.withOwnProgress(state),
      ofAnotherLog: state.storeId !== null && state.storeId !== own.storeId,
      lag: lagOf(state, own.head),
      waitsFor: waitsForParked(state, builds) ? "parked-sequences" : null,
      workers: own.workersOf(state.build),
    })),
  };
}

/** Whether a build has all of the history that it was made for, and is not activated because events are parked. */
export function waitsForParked(
  { build, positions, parked }: BuildState,
  states: readonly BuildState[],
): boolean {
  return (
    build.status === "building" &&
    !build.activateWithParked &&
    parked.sequences > 0 &&
    positions.every(({ position }) => position >= build.target) &&
    states.some((other) => other.build.projection === build.projection && other.build.status === "active")
  );
}

function lagOf({ positions }: BuildState, head: bigint): bigint {
  const slowest = positions.reduce((least, { position }) => (position < least ? position : least), head);
  return head - slowest;
}
