import type { EventFilter } from "../../event-store/event-filter.ts";
import type { EventPage, ReadAllOptions } from "../../event-store/event-store.ts";
import { checkReadAll } from "../../event-store/check-read-options.ts";
import { lastPossibleRevision } from "../../event-store/expected-revision.ts";
import { forbiddenCharacters } from "../../event-store/stream-id.ts";
import { askAhead, rowsOf, type AskedAhead } from "./asked-ahead.ts";
import { decodeEvents } from "./decode-events.ts";
import { defaultPageSize, maxPageBytes, mayHaveMore } from "./event-page.ts";
import { positionOf } from "./event-row.ts";
import { positionsPageText, rangePageText, type LogQuery, type LogRange } from "./log-query.ts";
import { readExtent, type LogExtent, type LogReader } from "./log-reader.ts";
import { findSparsePositions, type SparsePositions } from "./sparse-positions.ts";

// A query looks at this many positions at first, and at more while few of them match: it stays short enough to abort.
const firstWindow = 10_000;
const largestWindow = 200_000n;

// Fetching an event by its place costs as much as passing this many by.
const sparseFactor = 8n;

/** A page, and how many rows were looked for and found. */
interface Fetched {
  readonly rows: readonly Buffer[];
  readonly scannedTo: bigint;
}

/**
 * Reads the log in pages up to its head as it is now; see `EventStore.readAll`.
 *
 * @param onExtent told how far that is before the first page
 * @param ahead `asksAhead`: fetches a page while the one before is decoded: for who reads for long, without an end
 */
export async function* readLog(
  reader: LogReader,
  options: ReadAllOptions,
  onExtent: (extent: LogExtent) => void = () => {},
  { asksAhead = false }: { readonly asksAhead?: boolean } = {},
): AsyncGenerator<EventPage, void, undefined> {
  checkReadAll(options);
  const { tenant = "", filter = {}, signal, pageSize = defaultPageSize } = options;
  const pageBytes = Math.min(options.pageBytes ?? maxPageBytes, maxPageBytes);
  const backwards = options.direction === "backwards";
  const extent = await readExtent(reader, signal);
  onExtent(extent);
  const otherTenants = extent.otherTenants(tenant);
  const to = backwards ? (options.upTo ?? 0n) : least(options.upTo ?? extent.head, extent.head);
  let after = options.after ?? (backwards ? lastPossibleRevision : 0n);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let window = BigInt(Math.max(firstWindow, pageSize));
  let sparse: SparsePositions | null = null;
  let ahead: AskedAhead | null = null;
  let maySparse = filter.types !== undefined || filter.categories !== undefined || otherTenants;
  const isPast = (position: bigint): boolean => (backwards ? position < after : position > after);
  if (backwards && extent.head < to) return;
  while (left > 0 && (backwards ? after > to : after < to)) {
    const numbers = await typeNumbers(reader, filter, signal);
    const categories = filter.categories?.filter((name) => !forbiddenCharacters.test(name)) ?? null;
    const query =
      numbers?.length === 0 || categories?.length === 0
        ? null
        : { schema: reader.schema, backwards, tenant, otherTenants, typeNos: numbers, categories, pageBytes };
    if (query === null) {
      yield { events: [], scannedTo: to };
      return;
    }
    const { generation } = reader.catalogue;
    const size = Math.min(left, pageSize);
    const near: bigint = backwards ? least(after, extent.head) : after;
    const windowEnd: bigint = backwards ? most(near - window, to) : least(near + window, to);
    const fetched: Fetched =
      sparse === null
        ? await fetchRange(reader, query, { after, to: windowEnd }, size, signal, ahead)
        : await fetchPositions(reader, query, sparse, size, signal);
    ahead = null;
    const next = fetched.scannedTo;
    const isDense = asksAhead && sparse === null && fetched.rows.length === pageSize;
    if (isDense && !backwards && next < to && left >= 2 * pageSize) {
      const text = rangePageText(query, { after: next, to: least(next + window, to) }, pageSize);
      ahead = askAhead(reader, text, signal);
    }
    const events = await decodeEvents(fetched.rows, reader, { tenant }, signal);
    // A new connection: the numbers that were used may have been those of another server.
    if (generation !== reader.catalogue.generation) {
      sparse = null;
      continue;
    }
    const passed: bigint = backwards ? near - fetched.scannedTo : fetched.scannedTo - near;
    after = fetched.scannedTo;
    left -= events.length;
    yield { events, scannedTo: after };
    if (sparse !== null) {
      sparse = rest(sparse, isPast);
      continue;
    }
    const remaining: bigint = backwards ? after - to : to - after;
    if (maySparse && remaining > window && BigInt(fetched.rows.length) * sparseFactor < passed) {
      sparse = await findSparsePositions(reader, query, { after, to }, signal);
      maySparse = sparse !== null;
    }
    if (fetched.rows.length < size / 4 && window < largestWindow) window *= 2n;
  }
}

async function fetchRange(
  reader: LogReader,
  query: LogQuery,
  range: LogRange,
  size: number,
  signal: AbortSignal | undefined,
  ahead: AskedAhead | null,
): Promise<Fetched> {
  const rows = await rowsOf(reader, rangePageText(query, range, size), ahead, signal);
  const last = rows.at(-1);
  return {
    rows,
    scannedTo: last !== undefined && mayHaveMore(rows, size, query.pageBytes) ? positionOf(last) : range.to,
  };
}

async function fetchPositions(
  { connections }: LogReader,
  query: LogQuery,
  { positions, scannedTo }: SparsePositions,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Fetched> {
  const chunk = positions.slice(0, size);
  if (chunk.length === 0) return { rows: [], scannedTo };
  const rows = await connections.copy(positionsPageText(query, chunk), signal);
  const lastRow = rows.at(-1);
  const isCut =
    lastRow !== undefined && rows.length < chunk.length && mayHaveMore(rows, size, query.pageBytes);
  if (isCut) return { rows, scannedTo: positionOf(lastRow) };
  const isLast = chunk.length === positions.length;
  return { rows, scannedTo: isLast ? scannedTo : (chunk.at(-1) ?? scannedTo) };
}

/** `null` when all of it has been read. */
function rest(
  { positions, scannedTo }: SparsePositions,
  isPast: (position: bigint) => boolean,
): SparsePositions | null {
  return isPast(scannedTo) ? { positions: positions.filter(isPast), scannedTo } : null;
}

/** Numbers of the wanted types that have been used; `null` when every type is wanted. */
async function typeNumbers(
  { catalogue }: LogReader,
  { types }: EventFilter,
  signal: AbortSignal | undefined,
): Promise<readonly number[] | null> {
  if (types === undefined) return null;
  // The head has been read before: whatever type an event up to there has, a refresh now finds it.
  if (types.some((name) => catalogue.typeNo(name) === undefined)) await catalogue.refresh(signal);
  const numbers = types.map((name) => catalogue.typeNo(name)).filter((typeNo) => typeNo !== undefined);
  return [...new Set(numbers)];
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
