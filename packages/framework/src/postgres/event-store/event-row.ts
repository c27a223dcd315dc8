import { TidemarkError } from "../../errors.ts";
import type { EventSchema } from "../../event/event-schema.ts";
import type { EventEncoding, StoredEvent } from "../../event/stored-event.ts";

/**
 * The columns of an event, from `e`, in the order in which {@link eventOf} takes them apart: those of fixed width
 * first, so that each has a fixed place.
 */
export const eventColumns =
  "e.position, e.revision, e.stream_no, e.event_id, e.type_no, e.schema_no, e.event_version, e.encoding, " +
  "e.recorded_at, e.correlation_id, e.causation_id, e.data, e.meta";

// Each field is preceded by four bytes of length, the row by two bytes with the number of fields.
const positionAt = 6;
const revisionAt = 18;
const streamNoAt = 30;
const eventIdAt = 42;
const typeNoAt = 62;
const schemaNoAt = 70;
const eventVersionAt = 78;
const encodingAt = 84;
const recordedAtAt = 90;
const variableFieldsAt = 98;

const uuidBytes = 16;
// PostgreSQL counts microseconds from 2000-01-01.
const epochOfPostgres = 946_684_800_000;
const encodings: readonly (EventEncoding | undefined)[] = ["avro", undefined, undefined, "erased"];

export function positionOf(row: Buffer): bigint {
  return row.readBigInt64BE(positionAt);
}

/** Numbers of streams stay far below 2^53. */
export function streamNoOf(row: Buffer): number {
  return int64(row, streamNoAt);
}

export function typeNoOf(row: Buffer): number {
  return row.readInt32BE(typeNoAt);
}

export function schemaNoOf(row: Buffer): number {
  return row.readInt32BE(schemaNoAt);
}

/** Takes a row of {@link eventColumns} in PostgreSQL's binary form apart; its bytes are shared, not copied. */
export function eventOf(row: Buffer, streamId: string, type: string, schema: EventSchema): StoredEvent {
  let at = variableFieldsAt;
  const nextUuid = (): string | null => {
    const isNull = row.readInt32BE(at) === -1;
    at += 4;
    if (isNull) return null;
    at += uuidBytes;
    return uuid(row, at - uuidBytes);
  };
  const nextBytes = (): Buffer => {
    const start = at + 4;
    at = start + row.readInt32BE(at);
    return row.subarray(start, at);
  };
  const position = positionOf(row);
  return {
    position,
    eventId: uuid(row, eventIdAt),
    streamId,
    revision: row.readBigInt64BE(revisionAt),
    type,
    eventVersion: row.readInt16BE(eventVersionAt),
    schemaSha256: schema.sha256,
    encoding: encodingOf(row.readInt16BE(encodingAt), position),
    correlationId: nextUuid(),
    causationId: nextUuid(),
    recordedAt: new Date(Math.round(int64(row, recordedAtAt) / 1_000) + epochOfPostgres),
    data: nextBytes(),
    meta: metaOf(row, at),
  };
}

/** The events of one append, and many of one writer, carry the same bytes: a view of each would be the dearer half. */
let lastMeta: Buffer = Buffer.alloc(0);

function metaOf(row: Buffer, at: number): Buffer {
  const start = at + 4;
  const end = start + row.readInt32BE(at);
  if (row.compare(lastMeta, 0, lastMeta.length, start, end) !== 0) lastMeta = row.subarray(start, end);
  return lastMeta;
}

function int64(row: Buffer, at: number): number {
  return row.readInt32BE(at) * 4_294_967_296 + row.readUInt32BE(at + 4);
}

const hexDigits = Buffer.from("0123456789abcdef", "latin1");
const uuidText = Buffer.from("00000000-0000-0000-0000-000000000000", "latin1");
/** Where the text of each byte of a uuid begins. */
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** Written into one buffer: joining slices of a longer text costs more, now and when the text is first looked at. */
function uuid(row: Buffer, at: number): string {
  for (let index = 0; index < uuidBytes; index += 1) {
    const byte = row[at + index] ?? 0;
    const place = uuidPlaces[index] ?? 0;
    uuidText[place] = hexDigits[byte >> 4] ?? 0;
    uuidText[place + 1] = hexDigits[byte & 15] ?? 0;
  }
  return uuidText.toString("latin1");
}

function encodingOf(encoding: number, position: bigint): EventEncoding {
  const known = encodings[encoding];
  if (known !== undefined) return known;
  throw new TidemarkError(
    "store-newer",
    `The event at position ${position} has the encoding ${encoding}, which this version cannot read: deploy a newer one.`,
  );
}
