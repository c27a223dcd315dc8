import type { AppendLimits } from "../event-store/append-limits.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { KurrentDbClient } from "./kurrentdb-client.ts";

export interface KurrentDbEventStoreOptions {
  /**
   * `EventStoreDBClient` of `@eventstore/db-client` or `KurrentDBClient` of `@kurrent/kurrentdb-client`. It stays the
   * caller's: the store does not dispose of it.
   */
  readonly client: KurrentDbClient;
  /** Keeps several stores on one server apart: lower-case letters, digits and `_`. Default: none, bare names. */
  readonly namespace?: string;
  readonly limits?: Partial<AppendLimits>;
  /** Milliseconds for which an append whose answer was lost is sent again; default 5,000, at most 10,000. */
  readonly settleMs?: number;
  /**
   * Lets appends share one call, which takes 2 to 3 times as many. Only with `@kurrent/kurrentdb-client` from 1.3.1:
   * with other clients a broken connection can end the process. Default false.
   */
  readonly batchAppends?: boolean;
  readonly logger?: Logger;
}
