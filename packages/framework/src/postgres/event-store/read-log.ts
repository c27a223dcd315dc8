import type { EventFilter } from "../../event-store/event-filter.ts";
import type { EventPage, ReadAllOptions } from "../../event-store/event-store.ts";
import { checkTenant } from "../../event-store/stream-id.ts";
import { defaultPageSize, mayHaveMore, pageStatement } from "./event-page.ts";
import { decodeEvents, type EventRow } from "./event-row.ts";
import { readHead, type LogReader } from "./log-reader.ts";

// A query looks at this many positions at first, and at more while few of them match: it stays short enough to abort,
// and a sparse filter costs few round trips.
const firstWindow = 10_000;
const largestWindow = 200_000n;

interface LogFilter {
  readonly types: boolean;
  readonly categories: boolean;
}

/** Exported for the test of its plan. */
export function readLogStatement(schema: string, filter: LogFilter): string {
  // OFFSET 0 keeps the look-up of the stream inside the loop over positions, whatever the statistics say.
  return pageStatement(
    `select e.*, s.stream_id
     from ${schema}.events e
     cross join lateral (
       select s.stream_id from ${schema}.streams s
       where s.stream_no = e.stream_no and s.tenant = $4
         ${filter.categories ? `and s.category = any ($${filter.types ? 6 : 5}::text[])` : ""}
       offset 0
     ) s
     where e.position > $1 and e.position <= $2 ${filter.types ? "and e.type_no = any ($5::integer[])" : ""}
     order by e.position limit $3`,
    "p.position",
  );
}

/** Reads the log in pages up to its head as it is now. */
export async function* readLog(
  reader: LogReader,
  options: ReadAllOptions,
): AsyncGenerator<EventPage, void, undefined> {
  const { tenant = "", filter = {}, signal, pageSize = defaultPageSize } = options;
  checkTenant(tenant);
  let after = options.after ?? 0n;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  const head = await readHead(reader, signal);
  const end = options.upTo !== undefined && options.upTo < head ? options.upTo : head;
  if (after >= end || left <= 0) return;
  const { categories } = filter;
  const statement = {
    name: `tidemark_read_log${filter.types === undefined ? "" : "_types"}${categories === undefined ? "" : "_categories"}`,
    text: readLogStatement(reader.schema, {
      types: filter.types !== undefined,
      categories: categories !== undefined,
    }),
  };
  let window = BigInt(Math.max(firstWindow, pageSize));
  while (after < end && left > 0) {
    const typeNos = await typeNumbers(reader, filter, signal);
    if (typeNos?.length === 0 || categories?.length === 0) {
      yield { events: [], scannedTo: end };
      return;
    }
    const { generation } = reader.catalogue;
    const size = Math.min(left, pageSize);
    const windowEnd = after + window < end ? after + window : end;
    const filters = [typeNos, categories].filter((value) => value !== null && value !== undefined);
    const values = [after, windowEnd, size, tenant, ...filters];
    const rows = await reader.connections.query<EventRow>({ ...statement, values }, signal);
    // A new connection: the numbers of the filter may have been those of another server.
    if (generation !== reader.catalogue.generation) continue;
    const events = await decodeEvents(rows, reader.catalogue, signal);
    const last = events.at(-1);
    after = last !== undefined && mayHaveMore(events, size) ? last.position : windowEnd;
    left -= events.length;
    yield { events, scannedTo: after };
    if (events.length < size / 4 && window < largestWindow) window *= 2n;
  }
}

/** Numbers of the wanted types that have been used; `null` when every type is wanted. */
async function typeNumbers(
  { catalogue }: LogReader,
  filter: EventFilter,
  signal: AbortSignal | undefined,
): Promise<readonly number[] | null> {
  if (filter.types === undefined) return null;
  // The head has been read before: whatever type an event up to there has, a refresh now finds it.
  if (filter.types.some((name) => catalogue.typeNo(name) === undefined)) await catalogue.refresh(signal);
  return filter.types.map((name) => catalogue.typeNo(name)).filter((typeNo) => typeNo !== undefined);
}
