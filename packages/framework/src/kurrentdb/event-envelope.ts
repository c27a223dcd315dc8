import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import type { KurrentDbEventData, KurrentDbRecord } from "./kurrentdb-client.ts";
import type { StreamName } from "./stream-names.ts";

/** A record with its place in the log. */
export interface PlacedRecord extends KurrentDbRecord {
  readonly commit: bigint;
}

const sha256Form = /^[0-9a-f]{64}$/;

/**
 * An event as the server keeps it: the data are the plain Avro bytes, what belongs to them is in the metadata.
 * The `$` names are those that KurrentDB's own tools follow.
 */
export function toEventData(event: EventToAppend, tenant: string): KurrentDbEventData {
  const { correlationId, causationId, meta } = event;
  return {
    id: event.eventId.toLowerCase(),
    contentType: "application/octet-stream",
    type: event.type,
    data: plainBytes(event.data),
    metadata: {
      ...(correlationId === null ? {} : { $correlationId: correlationId.toLowerCase() }),
      ...(causationId === null ? {} : { $causationId: causationId.toLowerCase() }),
      eventVersion: event.eventVersion,
      schema: event.schema.sha256,
      ...(meta.length === 0 ? {} : { meta: Buffer.from(meta).toString("base64") }),
      ...(tenant === "" ? {} : { tenant }),
    },
  };
}

/** `null` for an event that Tidemark did not write. */
export function toStoredEvent(
  record: PlacedRecord,
  { streamId }: StreamName,
  recordedAt: Date,
): StoredEvent | null {
  const { data, metadata } = record;
  if (record.isJson || !(data instanceof Uint8Array)) return null;
  if (typeof metadata !== "object" || metadata === null) return null;
  const { schema, eventVersion, meta, $correlationId, $causationId }: Record<string, unknown> = {
    ...metadata,
  };
  if (typeof schema !== "string" || !sha256Form.test(schema) || typeof eventVersion !== "number") return null;
  return {
    position: record.commit,
    eventId: record.id,
    streamId,
    revision: record.revision,
    type: record.type,
    eventVersion,
    schemaSha256: schema,
    encoding: "avro",
    data: plainBytes(data),
    correlationId: typeof $correlationId === "string" ? $correlationId : null,
    causationId: typeof $causationId === "string" ? $causationId : null,
    recordedAt,
    meta: typeof meta === "string" ? Buffer.from(meta, "base64") : new Uint8Array(),
  };
}

/** Without a copy; Protocol Buffers take no class derived from `Uint8Array`, and one client's reads give `Buffer`s. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
