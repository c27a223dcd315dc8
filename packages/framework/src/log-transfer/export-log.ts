import { TidemarkError } from "../errors.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { LogEntry } from "./log-entry.ts";
import { createMasker, type Mask, type Masked } from "./mask.ts";

export interface ExportLogOptions {
  readonly tenant?: string;
  /** Exclusive. Default `0n`: from the beginning. */
  readonly after?: bigint;
  /** Inclusive. Default: the head when the export begins. */
  readonly upTo?: bigint;
  readonly filter?: EventFilter;
  /** Changes events on their way out, so that nothing personal leaves. */
  readonly mask?: Mask;
  readonly onProgress?: (progress: {
    readonly scannedTo: bigint;
    readonly end: bigint;
    readonly events: bigint;
  }) => void;
  readonly signal?: AbortSignal;
}

/**
 * The log as a stream of entries, each schema before the first event that needs it. Memory is that of one page.
 *
 * @throws TidemarkError `store-unavailable`; `event-invalid` when a mask throws, or returns what does not match the
 * schema; `validation-failed` when it should begin behind its end.
 * @example
 * for await (const entry of exportLog(store, { filter: { categories: ["account"] } })) console.log(entry.kind);
 */
export async function* exportLog(
  store: EventStore,
  options: ExportLogOptions = {},
): AsyncGenerator<LogEntry, void, undefined> {
  const { tenant = "", after = 0n, filter, mask, onProgress, signal } = options;
  const head = await store.head();
  const end = options.upTo !== undefined && options.upTo < head ? options.upTo : head;
  checkBounds(after, end, options.upTo === undefined || options.upTo > head);
  yield { kind: "log", format: 1, storeId: store.storeId, tenant, after };
  const masker = mask === undefined ? null : createMasker(mask);
  const schemas = new Set<string>();
  let [events, erased, scannedTo] = [0n, 0n, after];
  const pages = store.readAll({
    tenant,
    after,
    upTo: end,
    ...(filter === undefined ? {} : { filter }),
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const page of pages) {
    for (const event of page.events) {
      if (event.encoding === "erased") {
        erased += 1n;
        continue;
      }
      const { schemaSha256: sha256 } = event;
      const schema = await schemaOf(store, event);
      if (!schemas.has(sha256)) {
        schemas.add(sha256);
        yield { kind: "schema", ...schema };
      }
      events += 1n;
      yield toEntry(event, masker === null ? event : masker(event, schema));
    }
    scannedTo = page.scannedTo;
    onProgress?.({ scannedTo, end, events });
  }
  yield { kind: "end", events, erased, scannedTo };
}

async function schemaOf(store: EventStore, event: StoredEvent) {
  const schema = await store.schema(event.schemaSha256);
  if (schema !== null) return schema;
  throw new TidemarkError(
    "log-diverged",
    `The event at position ${event.position} names the schema ${event.schemaSha256}, which the store's catalogue lacks.`,
  );
}

/** An export of nothing is a slip of the pen; one from the head on is the next of a series, too early. */
function checkBounds(after: bigint, end: bigint, endIsHead: boolean): void {
  if (after <= end) return;
  const message = endIsHead
    ? `is behind the end of the log, which is at ${end}`
    : `is behind the last position to export, ${end}`;
  throw new TidemarkError("validation-failed", `The position ${after} to begin after ${message}.`, {
    errors: [{ field: "after", rule: "maximum", message }],
  });
}

function toEntry(event: StoredEvent, { streamId, data, meta }: Masked): LogEntry {
  const { position, eventId, revision, type, eventVersion, recordedAt } = event;
  const { schemaSha256: sha256, correlationId, causationId } = event;
  return {
    kind: "event",
    position,
    eventId,
    streamId,
    revision,
    type,
    eventVersion,
    sha256,
    recordedAt,
    correlationId,
    causationId,
    data,
    meta,
  };
}
