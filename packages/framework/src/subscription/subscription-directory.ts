import type { Checkpoint, MarkedCheckpoint } from "./checkpoint.ts";
import type { PartitionPosition } from "./checkpoint-store.ts";
import type { LeaseHolder } from "./lease-store.ts";

/** A subscription as all processes together know it. */
export interface SubscriptionRecord {
  readonly subscription: string;
  readonly positions: readonly PartitionPosition[];
  /** Events that were handled, by all owners. */
  readonly events: bigint;
  /** Who works on it; empty while nobody does. */
  readonly holders: readonly LeaseHolder[];
  readonly parked: { readonly sequences: number; readonly events: number; readonly oldestAt: Date | null };
  /** Events up to here were handled before it was rewound; `0n` when it never was. */
  readonly replayUntil: bigint;
}

/** How a subscription goes back. */
export interface Rewind {
  /** Where to. */
  readonly checkpoint: Checkpoint;
  /** Partitions whose checkpoint is of another log: beyond the new one nothing of this log was handled before. */
  readonly diverged: readonly number[];
  /** What is parked is given up, for this reason; `null` to refuse while something is. */
  readonly discard: { readonly reason: string; readonly requestedBy: string } | null;
}

/** The subscriptions that there are, beside those of projections, which belong to builds. */
export interface SubscriptionDirectory {
  /** Makes it when it is new, with so many partitions, all at this checkpoint. Returns whether it was. */
  ensure(
    subscription: string,
    start: { readonly checkpoint: Checkpoint; readonly partitions: number },
  ): Promise<boolean>;

  /** Those that exist among these. */
  records(subscriptions: readonly string[]): Promise<readonly SubscriptionRecord[]>;

  /** The checkpoint of each partition. */
  checkpoints(
    subscription: string,
  ): Promise<readonly { readonly partition: number; readonly checkpoint: MarkedCheckpoint }[]>;

  /**
   * Puts every partition that is further back to this checkpoint; their owners go on from there. What was handled
   * before is remembered until it has been passed again.
   *
   * @returns how many partitions went back
   * @throws TidemarkError `subscription-has-parked`; nothing has changed then.
   */
  rewind(subscription: string, rewind: Rewind): Promise<number>;
}
