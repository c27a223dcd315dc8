import pg from "pg";
import type { StoredEvent } from "../../event/stored-event.ts";
import { checkReadStream } from "../../event-store/check-read-options.ts";
import type { ReadStreamOptions } from "../../event-store/event-store.ts";
import { lastPossibleRevision } from "../../event-store/expected-revision.ts";
import { decodeEvents } from "./decode-events.ts";
import { defaultPageSize, maxPageBytes, mayHaveMore } from "./event-page.ts";
import { eventColumns } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";
import { oneByOne } from "./one-by-one.ts";

export function readStream(
  reader: LogReader,
  streamId: string,
  options: ReadStreamOptions,
): AsyncIterableIterator<StoredEvent, undefined, undefined> {
  return oneByOne(readPages(reader, streamId, options));
}

/** Each page is a query of its own. */
async function* readPages(
  reader: LogReader,
  streamId: string,
  options: ReadStreamOptions,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  checkReadStream(streamId, options);
  const { tenant = "", direction = "forwards", limit = Number.POSITIVE_INFINITY, signal } = options;
  const backwards = direction === "backwards";
  const stream = `${pg.escapeLiteral(tenant)}, ${pg.escapeLiteral(streamId)}`;
  let from = options.from ?? (backwards ? lastPossibleRevision : 0n);
  let left = limit;
  while (left > 0) {
    const size = Math.min(left, defaultPageSize);
    const text = `select ${eventColumns}
      from ${reader.schema}.read_stream(${stream}, ${from}, ${backwards}, ${size}, ${maxPageBytes}) e`;
    const { generation } = reader.catalogue;
    const rows = await reader.connections.copy(text, signal);
    const events = await decodeEvents(rows, reader, { streamId }, signal);
    // A new connection: the numbers of types and schemas may have been those of another server.
    if (generation !== reader.catalogue.generation) continue;
    yield events;
    const last = events.at(-1);
    if (last === undefined || !mayHaveMore(rows, size)) return;
    left -= events.length;
    from = backwards ? last.revision - 1n : last.revision + 1n;
    if (from < 0n) return;
  }
}
