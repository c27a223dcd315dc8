import type { Kysely } from "kysely";
import type { AnyProjection, TablesOf } from "./any-projection.ts";

export interface QueryOptions {
  /** Versions that the caller's code can read, the best first. Default: the version of the definition alone. */
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

/** A checkpoint as known when the query was answered: the read model has seen at least this much. */
export interface PartitionPosition {
  readonly partition: number;
  readonly position: bigint;
}

/** The tables of one build, complete and bound: later activations do not change what it reads. */
export interface ReadModel<P extends AnyProjection = AnyProjection> {
  readonly db: Kysely<TablesOf<P>>;
  readonly version: number;
  readonly state: ReadModelState;
  readonly positions: readonly PartitionPosition[];
}
