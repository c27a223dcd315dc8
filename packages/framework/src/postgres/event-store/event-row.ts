import pg from "pg";
import { TidemarkError } from "../../errors.ts";
import type { EventEncoding, StoredEvent } from "../../event/stored-event.ts";
import type { Catalogue } from "./catalogue.ts";

/** Every column as PostgreSQL's text. */
export type EventRow = [
  position: string,
  eventId: string,
  streamId: string,
  revision: string,
  typeNo: string,
  eventVersion: string,
  schemaNo: string,
  encoding: string,
  data: string,
  correlationId: string | null,
  causationId: string | null,
  recordedAt: string,
  meta: string,
];

/** The columns of {@link EventRow}, from `e`: an event with the name of its stream. */
export const eventColumns =
  "e.position, e.event_id, e.stream_id, e.revision, e.type_no, e.event_version, e.schema_no, e.encoding, e.data, " +
  "e.correlation_id, e.causation_id, date_part('epoch', e.recorded_at), e.meta";

const encodings: Readonly<Record<string, EventEncoding>> = { "0": "avro", "3": "erased" };

// bytea_output is `hex` unless somebody set it to `escape` for the database or the role.
const parseBytea = pg.types.getTypeParser(pg.types.builtins.BYTEA);

const maxRefreshes = 3;

/** Decodes a page; reads the catalogue again first when the page uses a number that is not known yet. */
export async function decodeEvents(
  rows: readonly EventRow[],
  catalogue: Catalogue,
  signal?: AbortSignal,
): Promise<StoredEvent[]> {
  const isKnown = ([, , , , typeNo, , schemaNo]: EventRow): boolean =>
    catalogue.typeName(Number(typeNo)) !== undefined && catalogue.schema(Number(schemaNo)) !== undefined;
  // A connection that is made meanwhile lets the catalogue forget what it has just read.
  for (let attempt = 1; attempt <= maxRefreshes && !rows.every(isKnown); attempt += 1)
    await catalogue.refresh(signal);
  return rows.map((row) => decodeEvent(row, catalogue));
}

function decodeEvent(row: EventRow, catalogue: Catalogue): StoredEvent {
  const [position, eventId, streamId, revision, typeNo, eventVersion, schemaNo, encoding, data] = row;
  const [, , , , , , , , , correlationId, causationId, recordedAt, meta] = row;
  const type = catalogue.typeName(Number(typeNo));
  const schema = catalogue.schema(Number(schemaNo));
  if (type === undefined || schema === undefined) {
    throw new Error(
      `The event at position ${position} names a type or schema that the catalogue does not have`,
    );
  }
  return {
    position: BigInt(position),
    eventId,
    streamId,
    revision: BigInt(revision),
    type,
    eventVersion: Number(eventVersion),
    schemaSha256: schema.sha256,
    encoding: encodingOf(encoding, position),
    data: bytes(data),
    correlationId,
    causationId,
    recordedAt: new Date(Math.round(Number(recordedAt) * 1_000)),
    meta: bytes(meta),
  };
}

function bytes(text: string): Buffer {
  return text.startsWith("\\x") ? Buffer.from(text.slice(2), "hex") : Buffer.from(parseBytea(text));
}

function encodingOf(encoding: string, position: string): EventEncoding {
  const known = encodings[encoding];
  if (known !== undefined) return known;
  throw new TidemarkError(
    "store-newer",
    `The event at position ${position} has the encoding ${encoding}, which this version cannot read: deploy a newer one.`,
  );
}
