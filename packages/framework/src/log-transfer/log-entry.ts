import type { EventSchema } from "../event/event-schema.ts";

/** The first entry of an export. */
export interface LogHeader {
  readonly kind: "log";
  readonly format: 1;
  readonly storeId: string;
  readonly tenant: string;
  /** Exclusive. */
  readonly after: bigint;
}

/** A writer's schema, before the first event that names it. */
export interface LogSchema extends EventSchema {
  readonly kind: "schema";
}

/** An event as it is stored, in order of position. */
export interface LogEvent {
  readonly kind: "event";
  /** Where it was: an import gives it a new one. */
  readonly position: bigint;
  readonly eventId: string;
  readonly streamId: string;
  readonly revision: bigint;
  readonly type: string;
  readonly eventVersion: number;
  /** Of its schema. */
  readonly sha256: string;
  readonly recordedAt: Date;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Plain Avro. */
  readonly data: Uint8Array;
  /** Avro bytes of the metadata. */
  readonly meta: Uint8Array;
}

/** The last entry: without it an export is not complete. */
export interface LogEnd {
  readonly kind: "end";
  readonly events: bigint;
  /** Events whose payload has been erased; they are left out. */
  readonly erased: bigint;
  /** How far the log was read. */
  readonly scannedTo: bigint;
}

export type LogEntry = LogHeader | LogSchema | LogEvent | LogEnd;
