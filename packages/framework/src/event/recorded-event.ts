import type { EventMetadata } from "./event-metadata.ts";

/** An event out of the log, decoded to the newest shape that this code knows. */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  /** Short record name, for example `FundsDeposited`. */
  readonly type: Type;
  readonly data: Data;
  /** Stable for ever, also across upcasts, replays and exports. */
  readonly eventId: string;
  /** Name of the stream, `<category>-<id>`. */
  readonly streamId: string;
  /** The part of `streamId` after the first hyphen. */
  readonly aggregateId: string;
  /** Place in the stream, from 0. */
  readonly revision: bigint;
  /** Place in the whole log: opaque and increasing, never a count. */
  readonly position: bigint;
  readonly recordedAt: Date;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly metadata: EventMetadata;
}
