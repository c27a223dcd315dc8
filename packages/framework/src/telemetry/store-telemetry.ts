import type { EventStoreMeter } from "./event-store-meter.ts";
import type { Stall } from "./stall.ts";

/** Connections of one pool. */
export interface PoolStatus {
  readonly name: string;
  readonly max: number;
  readonly total: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
}

/** Appends that wait in this process, and how much may. */
export interface AppendQueueStatus {
  readonly appends: number;
  readonly events: number;
  readonly bytes: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** What a store tells about itself, beside what it does. */
export interface StoreTelemetry {
  readonly pools: readonly PoolStatus[];

  /** Sessions of the framework that are blocked, or slow for more than a few seconds; best effort, so empty without the right. */
  stalls(): Promise<readonly Stall[]>;
}

/** The same of an event store. */
export interface EventStoreTelemetry extends StoreTelemetry {
  readonly meter: EventStoreMeter;
  /** `null` for a store in front of which nothing waits. */
  readonly queue: AppendQueueStatus | null;
  /** Appends are refused, since the disk is almost full. */
  readonly isFull: boolean;

  /**
   * Head of the log, and for each position the age in seconds of the first event behind it; 0 when there is none.
   * Without it each position costs a read.
   */
  ages?(positions: readonly bigint[]): Promise<{ readonly head: bigint; readonly ages: readonly number[] }>;
}
