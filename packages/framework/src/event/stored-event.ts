import type { EventSchema } from "./event-schema.ts";

/** How an event's `data` bytes are to be read. */
export type EventEncoding = "avro" | "erased";

/** An encoded event on its way into the store. */
export interface EventToAppend {
  /** A uuid: the identity of the event, chosen by its writer. */
  readonly eventId: string;
  /** Full name of the Avro record, for example `ledger.FundsDeposited`. */
  readonly type: string;
  /** Version of the event's definition, from 1; filters name the type and match all versions. */
  readonly eventVersion: number;
  readonly schema: EventSchema;
  /** Plain Avro, without a header. */
  readonly data: Uint8Array;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Avro bytes of the metadata. */
  readonly meta: Uint8Array;
}

/** An event out of the store, still encoded. */
export interface StoredEvent {
  readonly position: bigint;
  readonly eventId: string;
  readonly streamId: string;
  readonly revision: bigint;
  readonly type: string;
  readonly eventVersion: number;
  /** Names the writer's schema in the store's catalogue: see `EventStore.schema`. */
  readonly schemaSha256: string;
  readonly encoding: EventEncoding;
  readonly data: Uint8Array;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly recordedAt: Date;
  readonly meta: Uint8Array;
}
