import type { EventPage, ReadAllOptions } from "../../event-store/event-store.ts";
import type { LogReader } from "./log-reader.ts";
import type { LogWatcher } from "./log-watcher.ts";
import { readLog } from "./read-log.ts";

/**
 * Reads the log up to its head, waits until there may be more, and so on until the signal aborts.
 *
 * @param refuseWhenClosed throws once the store is closed
 */
export async function* subscribeToLog(
  reader: LogReader,
  watcher: LogWatcher,
  options: Omit<ReadAllOptions, "limit" | "upTo" | "direction">,
  refuseWhenClosed: () => void,
): AsyncGenerator<EventPage, void, undefined> {
  const { signal } = options;
  const aborted = () => signal?.aborted === true;
  let after = options.after ?? 0n;
  while (!aborted()) {
    const version = watcher.version;
    try {
      for await (const page of readLog(reader, { ...options, after })) {
        yield page;
        after = page.scannedTo;
      }
    } catch (error) {
      if (aborted()) return;
      throw error;
    }
    await watcher.waitBeyond(version, signal);
    refuseWhenClosed();
  }
}
