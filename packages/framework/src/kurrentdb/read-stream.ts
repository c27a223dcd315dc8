import type { StoredEvent } from "../event/stored-event.ts";
import type { ReadStreamOptions } from "../event-store/event-store.ts";
import type { LogReader } from "./log-reader.ts";
import type { RecordReader } from "./record-reader.ts";

const chunkSize = 1_000;

/** The events of one stream; nothing when there is no such stream, or it is deleted. */
export async function* readStream(
  reader: RecordReader,
  log: LogReader,
  name: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent> {
  const { direction = "forwards", from, signal } = options;
  const forwards = direction === "forwards";
  let left = options.limit ?? Infinity;
  let next: "start" | "end" | bigint = from ?? (forwards ? "start" : "end");
  if (!forwards && from !== undefined && left > 0) {
    // A server need not know what to do with a revision behind the end.
    const last = await reader.stream(name, "end", { direction, maxCount: 1, signal });
    if ((last?.records[0]?.revision ?? -1n) < from) next = "end";
  }
  while (left > 0) {
    const maxCount = Math.min(chunkSize, left);
    const chunk = await reader.stream(name, next, { direction, maxCount, signal });
    for (const record of chunk?.records ?? []) {
      next = forwards ? record.revision + 1n : record.revision - 1n;
      const found = log.toEvent(record);
      if (found === null) continue;
      yield found.event;
      left -= 1;
    }
    if (chunk === null || !chunk.more || next === -1n) return;
  }
}
