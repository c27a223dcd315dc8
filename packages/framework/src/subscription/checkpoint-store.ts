import type { Checkpoint } from "./checkpoint.ts";
import type { Lease } from "./lease-store.ts";

export interface PartitionCheckpoint extends Checkpoint {
  readonly partition: number;
}

/** Where checkpoints live: beside the effects, so that both are committed together. */
export interface CheckpointStore {
  /** Every partition's checkpoint of these subscriptions, by subscription; none for one that never ran. */
  readCheckpoints(
    subscriptions: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PartitionCheckpoint[]>>;

  /**
   * Moves a checkpoint without an effect.
   *
   * @throws TidemarkError `lease-lost` when another owner has taken over: nothing is written.
   */
  saveCheckpoint(lease: Lease, checkpoint: Checkpoint): Promise<void>;
}
