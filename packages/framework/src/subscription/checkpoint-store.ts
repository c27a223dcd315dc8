import type { Checkpoint } from "./checkpoint.ts";
import type { LetterChanges } from "./dead-letter-store.ts";
import type { Lease } from "./lease-store.ts";

/** How far one partition is; `0n` before its first commit. */
export interface PartitionPosition {
  readonly partition: number;
  readonly position: bigint;
}

/** What goes into the transaction of a checkpoint. */
export interface Progress {
  /** Handled since the commit before. */
  readonly events: number;
  readonly letters?: LetterChanges;
}

/** Where checkpoints live: beside the effects, so that both are committed together. */
export interface CheckpointStore {
  /** Where the partitions of these subscriptions are, by subscription. */
  readPositions(subscriptions: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionPosition[]>>;

  /**
   * Moves a checkpoint without an effect in this database.
   *
   * @throws TidemarkError `lease-lost` when another owner has taken over: nothing is written.
   */
  saveCheckpoint(lease: Lease, checkpoint: Checkpoint, progress?: Progress): Promise<void>;
}
