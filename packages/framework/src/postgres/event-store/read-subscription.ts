import type { EventPage, ReadAllOptions } from "../../event-store/event-store.ts";
import { LogContinuity, type LogPlace } from "./log-continuity.ts";
import type { LogExtent, LogReader } from "./log-reader.ts";
import type { LogWatcher } from "./log-watcher.ts";
import { readLog } from "./read-log.ts";

/**
 * Reads the log up to its head, waits until there may be more, and so on until the signal aborts.
 *
 * @param refuseWhenClosed throws once the store is closed
 * @throws TidemarkError `log-diverged` when another log has taken the place of the one that it was reading
 */
export async function* subscribeToLog(
  reader: LogReader,
  watcher: LogWatcher,
  options: Omit<ReadAllOptions, "limit" | "upTo" | "direction">,
  refuseWhenClosed: () => void,
): AsyncGenerator<EventPage, void, undefined> {
  const { signal } = options;
  const aborted = () => signal?.aborted === true;
  const continuity = new LogContinuity(reader);
  let after = options.after ?? 0n;
  while (!aborted()) {
    const version = watcher.version;
    try {
      let head: LogPlace = { position: 0n, eventId: null };
      const onExtent = (extent: LogExtent): void => {
        head = { position: extent.head, eventId: extent.headEventId };
      };
      // Whoever bounds the bytes of a page counts the pages that are in memory too.
      const asksAhead = options.pageBytes === undefined;
      const pages = readLog(reader, { ...options, after }, onExtent, { asksAhead });
      for await (const page of pages) {
        await continuity.check(signal);
        yield page;
        after = page.scannedTo;
        await continuity.passed(page, head, signal);
      }
      await continuity.check(signal);
      if (after === head.position) continuity.standAt(head);
    } catch (error) {
      if (aborted()) return;
      throw error;
    }
    await watcher.waitBeyond(version, signal);
    refuseWhenClosed();
  }
}
