import type { LeaseHolder } from "../subscription/lease-store.ts";
import type { Build } from "./build.ts";
import type { PartitionPosition } from "./read-model.ts";

/** One build of a projection, as all processes together know it. */
export interface BuildReport {
  readonly build: Build;
  readonly positions: readonly PartitionPosition[];
  /** Positions between the head of the log and the slowest partition. */
  readonly lag: bigint;
  /** Who works on it; empty while nobody does. */
  readonly holders: readonly LeaseHolder[];
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
