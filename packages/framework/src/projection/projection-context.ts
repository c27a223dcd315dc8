import type { Logger } from "../telemetry/logger.ts";

/** What a handler knows beside its event. There is no clock here: a handler that runs again must do the same. */
export interface ProjectionContext {
  readonly projection: string;
  readonly version: number;
  readonly partition: number;
  /** Grows with every change of owner: give it to outside systems that can refuse a smaller one. */
  readonly fencingToken: bigint;
  /** From 1; more after failures. */
  readonly attempt: number;
  /** True while a build reads history that an earlier one has handled. */
  readonly replaying: boolean;
  readonly recordedAt: Date;
  /** Aborts when the handler's time is over or the projector stops. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}
