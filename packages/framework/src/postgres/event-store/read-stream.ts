import type { StoredEvent } from "../../event/stored-event.ts";
import type { ReadStreamOptions } from "../../event-store/event-store.ts";
import { lastPossibleRevision } from "../../event-store/expected-revision.ts";
import { checkStreamId, checkTenant } from "../../event-store/stream-id.ts";
import { defaultPageSize, mayHaveMore, pageStatement } from "./event-page.ts";
import { decodeEvents, type EventRow } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";

/** Exported for the test of its plan. */
export function readStreamStatement(schema: string, direction: "forwards" | "backwards"): string {
  const descending = direction === "backwards" ? " desc" : "";
  return pageStatement(
    `select e.*, s.stream_id
     from (select stream_no, stream_id from ${schema}.streams where tenant = $1 and stream_id = $2) s
     cross join lateral (
       select * from ${schema}.events e
       where e.stream_no = s.stream_no and e.revision ${direction === "backwards" ? "<=" : ">="} $3
       order by e.revision${descending} limit $4
     ) e`,
    direction === "backwards" ? "p.revision desc" : "p.revision",
  );
}

/** Reads a stream in pages, each a query of its own. */
export async function* readStream(
  { connections, catalogue, schema }: LogReader,
  streamId: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const { tenant = "", direction = "forwards", limit = Number.POSITIVE_INFINITY, signal } = options;
  checkStreamId(streamId);
  checkTenant(tenant);
  const name = `tidemark_read_stream_${direction}`;
  const text = readStreamStatement(schema, direction);
  let from = options.from ?? (direction === "forwards" ? 0n : lastPossibleRevision);
  let left = limit;
  while (left > 0) {
    const size = Math.min(left, defaultPageSize);
    const query = { name, text, values: [tenant, streamId, from, size] };
    const rows = await connections.query<EventRow>(query, signal);
    const events = await decodeEvents(rows, catalogue, signal);
    yield* events;
    const last = events.at(-1);
    if (last === undefined || !mayHaveMore(events, size)) return;
    left -= events.length;
    from = direction === "forwards" ? last.revision + 1n : last.revision - 1n;
  }
}
