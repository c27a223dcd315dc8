import { positionOf } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";
import {
  selectsStreams,
  streamPositionsText,
  typePositionsText,
  type LogQuery,
  type LogRange,
} from "./log-query.ts";

// What one look may cost: some 20 ms, less than scanning the 100,000 positions that it saves.
const maxTypePositions = 10_000;
const maxStreams = 2_000;
const maxStreamPositions = 20_000;

/** Of a position and a stream's number; a position that is null has no bytes. */
const rowBytes = 2 + 2 * (4 + 8);

/** Where the wanted events stand; nothing else is wanted up to `scannedTo`. */
export interface SparsePositions {
  readonly positions: readonly bigint[];
  readonly scannedTo: bigint;
}

/**
 * Finds the few wanted events of a long stretch through the indexes of types and of categories. With streams and
 * types given, the positions may include events that are not wanted.
 *
 * @returns `null` when a category has so many streams or events that the log is better scanned.
 */
export async function findSparsePositions(
  reader: LogReader,
  query: LogQuery,
  range: LogRange,
  signal?: AbortSignal,
): Promise<SparsePositions | null> {
  const inStreams = selectsStreams(query) ? await streamPositions(reader, query, range, signal) : null;
  if (inStreams !== null || query.typeNos === null) return inStreams;
  const rows = await reader.connections.copy(typePositionsText(query, range, maxTypePositions), signal);
  const positions = rows.map(positionOf);
  const last = positions.at(-1);
  return { positions, scannedTo: last === undefined || rows.length < maxTypePositions ? range.to : last };
}

async function streamPositions(
  { connections }: LogReader,
  query: LogQuery,
  { after, to }: LogRange,
  signal: AbortSignal | undefined,
): Promise<SparsePositions | null> {
  const text = streamPositionsText(query, maxStreams, maxStreamPositions);
  const rows = await connections.copy(text, signal);
  if (rows.length === maxStreamPositions) return null;
  const streams = new Set(rows.map((row) => row.toString("latin1", row.length - 8)));
  if (streams.size === maxStreams) return null;
  const isWithin = query.backwards
    ? (position: bigint) => position < after && position >= to
    : (position: bigint) => position > after && position <= to;
  const positions = BigInt64Array.from(
    rows
      .filter((row) => row.length === rowBytes)
      .map(positionOf)
      .filter(isWithin),
  ).sort();
  return { positions: query.backwards ? [...positions].reverse() : [...positions], scannedTo: to };
}
