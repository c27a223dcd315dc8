import type { PartitionPosition } from "../subscription/checkpoint-store.ts";
import type { LeaseHolder } from "../subscription/lease-store.ts";
import type { Fingerprint } from "./fingerprint.ts";

/**
 * `building`: not served yet. `active`: serves its version. `retired`: kept for a rollback until confirmed.
 * `cancelled` and `dropped` builds have no tables any more. `scratch`: made by a verification, never served.
 */
export type BuildStatus = "building" | "active" | "retired" | "cancelled" | "dropped" | "scratch";

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
  /** Head of the log when it was begun: it serves once it has passed that. */
  readonly target: bigint;
  /** Whether it serves when it is complete although sequences are parked. */
  readonly activateWithParked: boolean;
  /** Events of history a second at most, `Infinity` for no limit; `null`: as the process that works on it has it. */
  readonly rateLimit: number | null;
  /** Whether it has served before and is being brought up to date to serve again. */
  readonly returning: boolean;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

/** How far the projector of a build has read; what it has committed may be a little less. */
export interface ProgressReport {
  readonly events: bigint;
  readonly position: bigint;
  readonly eventsPerSecond: number;
  /** Seconds until it serves; `null` while there is nothing to tell it from. */
  readonly etaSeconds: number | null;
}

/** A build as all processes together know it. */
export interface BuildState {
  readonly build: Build;
  /** What is committed. */
  readonly positions: readonly PartitionPosition[];
  /** Events that are committed. */
  readonly events: bigint;
  /** Of the event store that its checkpoints are of; `null` before the first one. */
  readonly storeId: string | null;
  /** While it is built: as its projector last reported. */
  readonly progress: ProgressReport;
  /** Who works on it; empty while nobody does. */
  readonly holders: readonly LeaseHolder[];
  readonly parked: ParkedCount;
}

/** What operators may ask of a build. */
export interface BuildSettings {
  /** Let it serve although events of it are parked. Default false. */
  readonly activateWithParked?: boolean | undefined;
  /** Events of history a second at most; `null` for no limit. Default: as the process that works on it has it. */
  readonly rateLimit?: number | null | undefined;
}

/** Events that wait because one of their sequence could not be handled. */
export interface ParkedCount {
  readonly sequences: number;
  readonly events: number;
  /** `null` when nothing is parked. */
  readonly oldestAt: Date | null;
}

/** How far a rebuild has come. */
export interface BuildProgress extends ProgressReport {
  readonly build: Build;
  readonly target: bigint;
}
