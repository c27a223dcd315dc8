import type { Checkpoint } from "./checkpoint.ts";
import type { Partition } from "./partition.ts";

/** The right to run one partition, until it expires without a renewal or another owner has a higher token. */
export interface Lease {
  readonly subscription: string;
  readonly partition: number;
  /** A uuid of the process's supervisor. */
  readonly owner: string;
  /** Grows with every change of owner; a commit with a smaller one is refused. */
  readonly fencingToken: bigint;
}

export interface AcquiredLease {
  readonly lease: Lease;
  /** As it stands now; no earlier owner can move it any more. `null` before the first commit. */
  readonly checkpoint: Checkpoint | null;
  /** Events handled so far, by all owners. */
  readonly events: bigint;
  /** Its range now: a split or merge takes the lease away. */
  readonly partition: Partition;
  /** Where the other one of a merge stands: come to exactly here, then they become one. */
  readonly stopAt: bigint | null;
  /** Events up to here were handled before the subscription was rewound; `0n` for none. */
  readonly replayUntil: bigint;
}

/** What an owner tells other processes with its heartbeat. */
export interface LeaseReport {
  readonly lease: Lease;
  readonly state: string;
  readonly error: string | null;
}

/** Who holds a partition, as any process can see it. */
export interface LeaseHolder {
  readonly partition: number;
  /** Application name, host and process id. */
  readonly label: string;
  readonly state: string;
  readonly error: string | null;
}

/**
 * Ownership as rows that expire, never as session locks: those do not survive a connection pooler. The clock is
 * the database's.
 */
export interface LeaseStore {
  /**
   * `null` while another owner's lease is alive, or when there is no such subscription. The owner of a lease may
   * take it again, with a new token.
   */
  acquire(request: {
    readonly subscription: string;
    readonly partition: number;
    readonly owner: string;
    readonly label: string;
    readonly leaseMs: number;
  }): Promise<AcquiredLease | null>;

  /** Extends the leases in one step and says which of them are still held. Uses a connection of its own. */
  renew(reports: readonly LeaseReport[], leaseMs: number): Promise<readonly Lease[]>;

  /** Lets go at once, so that others need not wait until the lease expires. */
  release(lease: Lease): Promise<void>;
}
