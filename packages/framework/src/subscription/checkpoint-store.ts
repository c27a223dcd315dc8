import type { Checkpoint } from "./checkpoint.ts";
import type { Lease } from "./lease-store.ts";

/** How far one partition is; `0n` before its first commit. */
export interface PartitionPosition {
  readonly partition: number;
  readonly position: bigint;
}

/** Where checkpoints live: beside the effects, so that both are committed together. */
export interface CheckpointStore {
  /** Where the partitions of these subscriptions are, by subscription. */
  readPositions(subscriptions: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionPosition[]>>;

  /**
   * Moves a checkpoint without an effect.
   *
   * @throws TidemarkError `lease-lost` when another owner has taken over: nothing is written.
   */
  saveCheckpoint(lease: Lease, checkpoint: Checkpoint): Promise<void>;
}
