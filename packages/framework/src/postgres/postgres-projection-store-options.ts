import type { Logger } from "../telemetry/logger.ts";

export interface PostgresProjectionStoreOptions {
  readonly connectionString: string;
  /** Where to LISTEN when `connectionString` leads to a transaction pooler; the same by default. */
  readonly directUrl?: string;
  /** Database schema of the framework's tables; default `tidemark`. Each build has one named after it. */
  readonly schema?: string;
  /** Creates and upgrades the tables at `open`; `false` for a role that may not. Default true. */
  readonly migrate?: boolean;
  /** `"listen"` learns of other processes' activations at once, `"poll"` within a second. Default `"listen"`. */
  readonly wakeup?: "listen" | "poll";
  /** `false` behind a transaction pooler; default true. */
  readonly preparedStatements?: boolean;
  /** Most connections for projectors; default 4. */
  readonly projectConnections?: number;
  /** Most connections for queries; default 10. */
  readonly queryConnections?: number;
  /** Milliseconds until a dropped build's tables go, so that whoever still knows them can finish. Default 5,000. */
  readonly dropDelayMs?: number;
  readonly logger?: Logger;
}
