import type { LimitStatus } from "./limit-status.ts";
import type { Stall } from "./stall.ts";
import type { AppendQueueStatus, PoolStatus } from "./store-telemetry.ts";

/** One partition of a consumer: its place in the log, its owner, and what this process does for it. */
export interface PartitionOperations {
  readonly partition: number;
  readonly position: bigint;
  /** Positions between the head of the log and the checkpoint. */
  readonly lag: bigint;
  /**
   * Age of the first event behind the checkpoint, 0 at the head. That event need not be one that the consumer handles:
   * the checkpoint of an idle partition follows the log within a second, so the age is right within a second, too.
   */
  readonly lagSeconds: number;
  /** Application, host and process; `null` while nobody has it. */
  readonly owner: string | null;
  /** Of the owner, as its last heartbeat said; `unowned` without one. */
  readonly state: string;
  /** What holds the owner up. */
  readonly error: string | null;
  /** `null` while this process does not run it. */
  readonly here: PartitionHere | null;
}

/** What this process does for a partition, or would do. */
export interface PartitionHere {
  readonly state: string;
  readonly error: string | null;
  /** Events that this process has handled. */
  readonly handled: number;
  /** Attempts after a failure of an event. */
  readonly retries: number;
  /** Times that infrastructure was away. */
  readonly outages: number;
  /** Events that are read and not committed. */
  readonly buffered: number;
  /** `null`: bounded by bytes or rows alone. */
  readonly bufferLimit: number | null;
}

/** How far a build of a projection is that does not serve yet. */
export interface RebuildOperations {
  /** From 0 to 1. */
  readonly progress: number;
  readonly eventsPerSecond: number;
  /** `null` while there is nothing to tell it from. */
  readonly etaSeconds: number | null;
}

/** A build of a projection, or a subscription: what reads the log. */
export interface ConsumerOperations {
  readonly kind: "projection" | "subscription";
  readonly name: string;
  /** Of a projection. */
  readonly version: number | null;
  /** Number of the build within its version. */
  readonly build: number | null;
  /** Of a build: `building`, `active` or `retired`; `active` for a subscription. */
  readonly status: string;
  /** Whether a process with this code works on it; builds of other versions are other deployments'. */
  readonly advances: boolean;
  /** Of the slowest partition. */
  readonly lag: bigint;
  readonly lagSeconds: number;
  /** Handled so far, by all owners. */
  readonly events: bigint;
  /** Since the status was asked for before; 0 the first time. */
  readonly eventsPerSecond: number;
  readonly parkedSequences: number;
  readonly parkedEvents: number;
  /** Age in seconds of the oldest parked sequence; 0 when nothing is parked. */
  readonly oldestParkedSeconds: number;
  /** `null` unless it is being built. */
  readonly rebuild: RebuildOperations | null;
  readonly partitions: readonly PartitionOperations[];
}

/** A queue of the application between its producers and one handler. */
export interface IntakeOperations {
  readonly name: string;
  readonly items: number;
  readonly bytes: number;
  /** Items of producers that wait for room. */
  readonly waiting: number;
  /** Since the process started: refused, kept in the store for later, lost. */
  readonly rejected: number;
  readonly stored: number;
  readonly dropped: number;
}

/** Everything an operator looks at, of one application as this process sees it. */
export interface OperationsStatus {
  readonly application: string;
  readonly head: bigint;
  readonly consumers: readonly ConsumerOperations[];
  /** `null` for a store that does not tell. */
  readonly appendQueue: AppendQueueStatus | null;
  /** Those that the application has shown to its operations. */
  readonly intakes: readonly IntakeOperations[];
  /** Of all processes together. */
  readonly limits: LimitStatus;
  readonly logFull: boolean;
  readonly pools: readonly PoolStatus[];
  readonly stalls: readonly Stall[];
}
