import type { StoredEvent } from "../../event/stored-event.ts";
import { eventOf, positionOf, schemaNoOf, streamNoOf, typeNoOf } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";
import type { StreamName } from "./stream-names.ts";

const maxRefreshes = 3;

/** What the rows' numbers are looked up for: the events of one tenant, of one stream whose name is known, or all. */
export type DecodeScope = { readonly tenant: string } | { readonly streamId: string } | "everything";

/**
 * Decodes a page; asks for names of types, schemas and streams that are not known yet. Rows of another tenant are
 * left out.
 */
export async function decodeEvents(
  rows: readonly Buffer[],
  reader: LogReader,
  scope: DecodeScope,
  signal?: AbortSignal,
): Promise<StoredEvent[]> {
  const { catalogue } = reader;
  const ofStream = typeof scope === "object" && "streamId" in scope ? scope.streamId : null;
  const names = ofStream === null ? await namesOf(rows, reader, signal) : [];
  const isKnown = (row: Buffer): boolean =>
    catalogue.typeName(typeNoOf(row)) !== undefined && catalogue.schema(schemaNoOf(row)) !== undefined;
  // A connection that is made meanwhile lets the catalogue forget what it has just read: nothing is waited for between
  // this and the decoding.
  for (let attempt = 1; attempt <= maxRefreshes && !rows.every(isKnown); attempt += 1)
    await catalogue.refresh(signal);
  if (ofStream !== null) return rows.map((row) => decodeEvent(row, reader, ofStream));
  const events: StoredEvent[] = [];
  for (const [index, row] of rows.entries()) {
    const name = names[index];
    if (name === undefined) throw incomplete(row);
    if (scope === "everything" || ("tenant" in scope && name.tenant === scope.tenant))
      events.push(decodeEvent(row, reader, name.streamId));
  }
  return events;
}

/** The name of each row's stream, side by side; most pages need no look-up. */
async function namesOf(
  rows: readonly Buffer[],
  { streamNames }: LogReader,
  signal: AbortSignal | undefined,
): Promise<readonly (StreamName | undefined)[]> {
  const names: (StreamName | undefined)[] = [];
  const unknown: number[] = [];
  for (const row of rows) {
    const streamNo = streamNoOf(row);
    const name = streamNames.known(streamNo);
    if (name === undefined) unknown.push(streamNo);
    names.push(name);
  }
  if (unknown.length === 0) return names;
  const found = await streamNames.find(unknown, signal);
  return rows.map((row, index) => names[index] ?? found.get(streamNoOf(row)));
}

function decodeEvent(row: Buffer, { catalogue }: LogReader, streamId: string): StoredEvent {
  const type = catalogue.typeName(typeNoOf(row));
  const schema = catalogue.schema(schemaNoOf(row));
  if (type === undefined || schema === undefined) throw incomplete(row);
  return eventOf(row, streamId, type, schema);
}

function incomplete(row: Buffer): Error {
  const position = positionOf(row);
  return new Error(
    `The event at position ${position} names a type, schema or stream that the store does not have: ` +
      "put the missing row of event_types, event_schemas or streams back from a backup, and reading goes on by itself. " +
      "Nothing is passed until then.",
  );
}
