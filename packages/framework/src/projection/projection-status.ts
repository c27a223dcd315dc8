import type { PartitionStatus } from "../subscription/subscription.ts";
import type { BuildState } from "./build.ts";

/** One build of a projection and its distance from the head of the log. */
export interface BuildReport extends BuildState {
  /** Positions between the head and the slowest partition. */
  readonly lag: bigint;
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
