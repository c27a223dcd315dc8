import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { EventStore, StreamAppend } from "../event-store/event-store.ts";
import type { LogEntry, LogEvent } from "./log-entry.ts";

export interface ImportLogOptions {
  readonly tenant?: string;
  readonly onProgress?: (progress: ImportSummary) => void;
  readonly signal?: AbortSignal;
}

export interface ImportSummary {
  readonly appended: bigint;
  /** That were in the store already, by their ids: an import that was broken off can be repeated. */
  readonly present: bigint;
}

/** Events of one append: more would only make its transaction longer. */
const eventsAnAppend = 500;
const bytesAnAppend = 512 * 1024;

/**
 * Appends the entries of an export, in their order: ids, payloads and metadata stay, positions, revisions and the time
 * of recording are new. Memory is that of one append.
 *
 * @throws TidemarkError `import-invalid` when entries are missing or out of order, or the end is; what was read before
 * is in the store then, and a repetition skips it.
 */
export async function importLog(
  store: EventStore,
  entries: AsyncIterable<LogEntry>,
  { tenant = "", onProgress, signal }: ImportLogOptions = {},
): Promise<ImportSummary> {
  const schemas = new Map<string, EventSchema>();
  let summary: ImportSummary = { appended: 0n, present: 0n };
  let waiting: LogEvent[] = [];
  let bytes = 0;
  let read = 0n;
  let complete = false;
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted();
    const { appended, present } = await append(store, waiting, schemas, tenant);
    summary = { appended: summary.appended + appended, present: summary.present + present };
    [waiting, bytes] = [[], 0];
    onProgress?.(summary);
  };
  for await (const entry of entries) {
    if (complete) throw invalid("it goes on after its end");
    if (entry.kind === "schema") schemas.set(entry.sha256, entry);
    if (entry.kind === "end") {
      complete = true;
      if (entry.events !== read) throw invalid(`it should hold ${entry.events} events, and holds ${read}`);
    }
    if (entry.kind !== "event") continue;
    if (!schemas.has(entry.sha256)) throw invalid(`the event ${entry.eventId} comes before its schema`);
    read += 1n;
    const size = entry.data.length + entry.meta.length;
    if (waiting.length >= eventsAnAppend || (waiting.length > 0 && bytes + size > bytesAnAppend))
      await flush();
    waiting.push(entry);
    bytes += size;
  }
  if (!complete) throw invalid("its end is missing");
  if (waiting.length > 0) await flush();
  return summary;
}

/** One append for all; when one of them is there already, one append for each. */
async function append(
  store: EventStore,
  events: readonly LogEvent[],
  schemas: ReadonlyMap<string, EventSchema>,
  tenant: string,
): Promise<ImportSummary> {
  let [appended, present] = [0n, 0n];
  for (const part of inOrder(events, store.capabilities.multiStreamAppend)) {
    const appends = part.map(({ streamId, events: own }) => ({
      streamId,
      events: own.map((event) => toAppend(event, schemas)),
    }));
    if (await appendAll(store, appends, tenant)) {
      appended += BigInt(appends.reduce((sum, { events: own }) => sum + own.length, 0));
      continue;
    }
    for (const { streamId, events: own } of appends) {
      for (const event of own) {
        if (await appendAll(store, [{ streamId, events: [event] }], tenant)) appended += 1n;
        else present += 1n;
      }
    }
  }
  return { appended, present };
}

/** False, and nothing is written, when one of the events is in its stream already. */
async function appendAll(
  store: EventStore,
  appends: readonly StreamAppend[],
  tenant: string,
): Promise<boolean> {
  const [first, ...others] = appends;
  if (first === undefined) return true;
  const outcome =
    others.length === 0
      ? await store.append(first.streamId, first.events, { tenant })
      : await store.appendMany(appends, { tenant });
  if (outcome.status === "appended") return true;
  if (outcome.status === "duplicate-event") return false;
  throw new Error(`an append without expectations was answered with ${outcome.status}`);
}

/** Runs of one stream's events, in parts that name each stream once: so the order of the log is kept. */
function inOrder(
  events: readonly LogEvent[],
  several: boolean,
): { readonly streamId: string; readonly events: readonly LogEvent[] }[][] {
  const parts: Map<string, LogEvent[]>[] = [];
  let last: string | null = null;
  for (const event of events) {
    let part = parts.at(-1);
    const run = part?.get(event.streamId);
    if (run !== undefined && last === event.streamId) {
      run.push(event);
      continue;
    }
    if (part === undefined || run !== undefined || !several) {
      part = new Map();
      parts.push(part);
    }
    part.set(event.streamId, [event]);
    last = event.streamId;
  }
  return parts.map((part) => [...part].map(([streamId, own]) => ({ streamId, events: own })));
}

function toAppend(event: LogEvent, schemas: ReadonlyMap<string, EventSchema>): EventToAppend {
  const { eventId, type, eventVersion, sha256, data, meta, correlationId, causationId } = event;
  const schema = schemas.get(sha256);
  if (schema === undefined) throw invalid(`the event ${eventId} has no schema`);
  const { subject, version, text } = schema;
  return {
    eventId,
    type,
    eventVersion,
    schema: { sha256, subject, version, text },
    data,
    meta,
    correlationId,
    causationId,
  };
}

function invalid(reason: string): TidemarkError {
  return new TidemarkError(
    "import-invalid",
    `The export is not complete: ${reason}. What came before is imported; repeat with a complete one.`,
  );
}
