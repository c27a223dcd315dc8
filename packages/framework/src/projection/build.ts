import type { Fingerprint } from "./fingerprint.ts";

/**
 * `building`: not served yet. `active`: serves its version. `retired`: kept for a rollback until confirmed.
 * `cancelled` and `dropped` builds have no tables any more.
 */
export type BuildStatus = "building" | "active" | "retired" | "cancelled" | "dropped";

/** One read model of one projection version, in a PostgreSQL schema of its own. */
export interface Build {
  readonly id: bigint;
  readonly projection: string;
  readonly version: number;
  /** Counts the builds of this version, from 1. */
  readonly number: number;
  /** The PostgreSQL schema that holds its tables. */
  readonly schema: string;
  readonly status: BuildStatus;
  /** Whether queries for this version are sent here. A retired build of an older version still is. */
  readonly serving: boolean;
  readonly fingerprint: Fingerprint;
  /** Name of its subscription: checkpoint and lease are kept under it. */
  readonly subscription: string;
  readonly progress: BuildProgress;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

/** How far a build has come, as its projector last reported it. */
export interface BuildProgress {
  /** Events that it has read. */
  readonly events: bigint;
  readonly position: bigint;
  /** Head of the log that it must reach before it serves. */
  readonly target: bigint;
  readonly eventsPerSecond: number;
  /** Seconds until it serves; `null` while there is nothing to tell it from. */
  readonly etaSeconds: number | null;
}
