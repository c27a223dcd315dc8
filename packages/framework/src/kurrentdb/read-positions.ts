import type { StoredEvent } from "../event/stored-event.ts";
import type { LogReader } from "./log-reader.ts";

/** Calls at once. */
const parallel = 8;

/** The events at exactly these positions, in order; positions without one are left out. */
export async function readEventsAt(
  log: LogReader,
  positions: readonly bigint[],
  signal: AbortSignal | undefined,
): Promise<readonly StoredEvent[]> {
  const wanted = [...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1));
  const found = new Map<bigint, StoredEvent>();
  const rest = wanted.values();
  const work = async (): Promise<void> => {
    for (const position of rest) {
      signal?.throwIfAborted();
      const record = await log.recordAt(position, signal);
      const event = record === null ? null : log.toEvent(record);
      if (event !== null) found.set(position, event.event);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, wanted.length) }, work));
  return wanted.flatMap((position) => found.get(position) ?? []);
}
