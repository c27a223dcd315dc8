import type { Kysely } from "kysely";
import type { PartitionPosition } from "../subscription/checkpoint-store.ts";
import type { AnyProjection, TablesOf } from "./any-projection.ts";

export interface QueryOptions {
  /**
   * Versions that the caller's code can read. The definition's own serves if it is ready, else the newest of these.
   * Default: the definition's own alone.
   */
  readonly reads?: readonly number[];
  /** Wait until the read model has seen the write that answered with this token. */
  readonly consistencyToken?: string;
  /** How long to wait for it, in seconds. Default 5. */
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * `current`: kept up to date by nodes of this version. `frozen`: an older version serves while the newer one is
 * built, and follows only where older nodes still run. `degraded`: part of it stands still behind a failing event.
 */
export type ReadModelState = "current" | "frozen" | "degraded";

/** The tables of one build, complete and bound: later activations do not change what it reads. */
export interface ReadModel<P extends AnyProjection = AnyProjection> {
  readonly db: Kysely<TablesOf<P>>;
  readonly version: number;
  readonly state: ReadModelState;
  /** Checkpoints as last known to this process: the read model has seen at least this much. */
  readonly positions: readonly PartitionPosition[];
}
