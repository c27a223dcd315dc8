import type { EventSchema } from "../event/event-schema.ts";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { splitStreamId } from "../event-store/stream-id.ts";
import { EntryCheck } from "./entry-check.ts";
import { ImportTarget } from "./import-target.ts";
import type { LogEntry, LogEvent } from "./log-entry.ts";
import { createMasker, type Mask } from "./mask.ts";

export interface ImportLogOptions {
  /** Into which the events go. Default: the empty tenant. */
  readonly tenant?: string;
  /** Leaves out the events up to here, a position of the store that was exported. Default `0n`. */
  readonly after?: bigint;
  /** Leaves out all others. */
  readonly filter?: EventFilter;
  /** Changes events on their way in. */
  readonly mask?: Mask;
  readonly onProgress?: (progress: ImportSummary) => void;
  readonly signal?: AbortSignal;
}

export interface ImportSummary {
  readonly appended: bigint;
  /** That were in the store already, the same in every byte: an import that was broken off can be repeated. */
  readonly present: bigint;
  /** That `after` or `filter` leave out. */
  readonly skipped: bigint;
}

/** Events of one append: more would only make its transaction longer. */
const eventsAnAppend = 500;
const bytesAnAppend = 512 * 1024;

/**
 * Appends the entries of an export, in their order: ids, payloads and metadata stay, positions, revisions and the time
 * of recording are new. Each event is decoded before it is appended. Memory is that of one append.
 *
 * @throws TidemarkError `import-invalid` when entries are missing, out of order or do not decode, or the end is missing;
 * `duplicate-event-id` when the store has another event of the same id; `event-invalid` when a mask fails. What was read
 * before is in the store then, and a repetition skips it.
 */
export async function importLog(
  store: EventStore,
  entries: AsyncIterable<LogEntry>,
  { tenant = "", after = 0n, filter = {}, mask, onProgress, signal }: ImportLogOptions = {},
): Promise<ImportSummary> {
  const check = new EntryCheck();
  const target = new ImportTarget(store, tenant);
  const masker = mask === undefined ? null : createMasker(mask);
  let skipped = 0n;
  let [waiting, bytes]: [{ event: LogEvent; schema: EventSchema }[], number] = [[], 0];
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted();
    await target.append(waiting);
    [waiting, bytes] = [[], 0];
    onProgress?.({ ...target.counts, skipped });
  };
  for await (const entry of entries) {
    const checked = check.entry(entry);
    if (checked === null) continue;
    const { event, schema } = checked;
    if (event.position <= after || !matches(event, filter)) {
      skipped += 1n;
      continue;
    }
    const size = event.data.length + event.meta.length;
    if (waiting.length >= eventsAnAppend || (waiting.length > 0 && bytes + size > bytesAnAppend))
      await flush();
    waiting.push({ event: masker === null ? event : { ...event, ...masker(event, schema) }, schema });
    bytes += size;
  }
  if (waiting.length > 0) await flush();
  check.end();
  return { ...target.counts, skipped };
}

function matches({ type, streamId }: LogEvent, { types, categories }: EventFilter): boolean {
  if (types !== undefined && !types.includes(type)) return false;
  return categories === undefined || categories.includes(splitStreamId(streamId).category);
}
