import type { Lease } from "./lease-store.ts";
import type { Partition } from "./partition.ts";

/** A partition and where it is. */
export interface PartitionReport extends Partition {
  readonly position: bigint;
  /** The partition that it is about to become one with. */
  readonly mergesWith: number | null;
}

/** How a subscription's partitions are spread over the processes that run it. */
export interface PartitionBalance {
  readonly partitions: number;
  /** Processes that have run the subscription lately, this one included. */
  readonly nodes: number;
  /** Partitions that this process holds. */
  readonly mine: number;
}

/** Changes partitions while processes work on them: their owners notice by their fencing token, and go on. */
export interface PartitionStore {
  /** In order of their ranges; empty when there is no such subscription. */
  partitions(subscription: string): Promise<readonly PartitionReport[]>;

  /**
   * Cuts a partition in two; both go on from its checkpoint.
   *
   * @throws TidemarkError `partition-unknown`; `validation-failed` for a range of one place or one that merges.
   */
  split(subscription: string, partition: number): Promise<void>;

  /**
   * Makes two neighbours one as soon as both stand at the same position: the one that is ahead waits for the other.
   *
   * @throws TidemarkError `partition-unknown`; `validation-failed` when they are no neighbours or merge already.
   */
  merge(subscription: string, left: number, right: number): Promise<void>;

  /** Called by the owner that has reached `stopAt`. @throws TidemarkError `lease-lost`. */
  completeMerge(lease: Lease): Promise<void>;

  /** Says that this process runs the subscription, and how the partitions are spread. */
  balance(request: {
    readonly subscription: string;
    readonly owner: string;
    /** Milliseconds after which a process that says nothing does not count any more. */
    readonly nodeMs: number;
  }): Promise<PartitionBalance>;
}
