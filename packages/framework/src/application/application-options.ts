import type { RegistryClient } from "@tidemark/schema-registry/client";
import type { CommandIntake } from "../command/command-intake.ts";
import type { ProjectorOptions } from "../projection/projection-supervisor-options.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { FollowerLimits } from "./application-log.ts";
import type { RebuildThreadOptions } from "./rebuild-thread-host.ts";
import type { RegisterMode } from "./register-event-schemas.ts";
import type { Storage } from "./storage.ts";

/** What an application runs with. */
export interface ApplicationOptions {
  readonly storage: Storage;
  /** `null` only where nothing is published to others: unit tests with an in-memory store. */
  readonly registry: RegistryClient | null;
  /** Default `on-start`. */
  readonly register?: RegisterMode;
  /** `"off"` for a process that writes and leaves projecting to others. Default `"run"`. */
  readonly projections?: "run" | "off";
  /**
   * `"manual"`: the start builds no read model by itself; an operator looks at the plan and rebuilds. Queries of a
   * version without one answer `projection-rebuilding` until then. Default `"automatic"`.
   */
  readonly rebuilds?: "automatic" | "manual";
  /** Memory, pace and retries of projections; every projector of this process keeps to them. */
  readonly projectors?: ProjectorOptions;
  /**
   * Rebuilds of a long log run in a worker thread, which is given the application's module: folds of history then hold
   * up no request. Without it, or with a storage that cannot be reopened there, they run in this thread.
   */
  readonly rebuildThread?: RebuildThreadOptions;
  /** `"off"` for a process that leaves the subscriptions to others. Default `"run"`. */
  readonly subscriptions?: "run" | "off";
  /** How many may follow the log through this process. */
  readonly followers?: FollowerLimits;
  readonly logger?: Logger;
  /** Aggregates whose folded state is kept in memory; default 10,000, `0` for none. */
  readonly stateCacheSize?: number;
  /** How many commands this process has under way, and what happens beyond. */
  readonly commands?: Partial<CommandIntake>;
  /** Milliseconds until another process takes over the projections of one that has died. Default 10,000. */
  readonly leaseMs?: number;
}
