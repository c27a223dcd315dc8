import type { AppendLimits } from "../event-store/append-limits.ts";
import type { DiskGuardOptions } from "./event-store/disk-guard.ts";
import type { GroupCommitLimits } from "./event-store/group-commit.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface PostgresEventStoreOptions {
  readonly connectionString: string;
  /** Where to LISTEN when `connectionString` leads to a transaction pooler; the same by default. */
  readonly directUrl?: string;
  /** Database schema of every table; default `tidemark`. */
  readonly schema?: string;
  /** Creates and upgrades the tables at `open`; `false` for a role that may not. Default true. */
  readonly migrate?: boolean;
  /** An existing role that gets what appending and reading need, after a migration by the owner of the tables. */
  readonly applicationRole?: string;
  /** How subscriptions learn of new events; `"listen"` polls as well, for the notification that gets lost. */
  readonly wakeup?: "listen" | "poll";
  /** Default 1,000. */
  readonly pollIntervalMs?: number;
  /** `false` behind a transaction pooler; default true. */
  readonly preparedStatements?: boolean;
  /** Most connections for appends, which PostgreSQL lets in one at a time; default 4. */
  readonly appendConnections?: number;
  /** Most connections for reads; default 8. */
  readonly readConnections?: number;
  /**
   * How long an append may wait and run before it is given up, nothing written; default 30,000. Without prepared
   * statements the pooler's or the role's own limit counts.
   */
  readonly appendTimeoutMs?: number;
  readonly limits?: Partial<AppendLimits>;
  /** How much the concurrent appends of this process share a transaction, and how much of them may wait. */
  readonly groupCommit?: Partial<GroupCommitLimits>;
  /** Refuses appends with `log-full` before the disk is full; none by default. */
  readonly diskGuard?: DiskGuardOptions;
  readonly logger?: Logger;
}
