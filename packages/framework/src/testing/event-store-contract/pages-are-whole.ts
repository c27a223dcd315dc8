import assert from "node:assert/strict";
import type { StoredEvent } from "../../event/stored-event.ts";
import type { EventPage, EventStore, ReadAllOptions } from "../../event-store/event-store.ts";
import { collectLog, collectPages } from "./contract-events.ts";

/**
 * Reads the log with these options and checks what holds for the pages of every read: they give the expected events,
 * each in the page that scans over it, and a reader who goes on from any page gets the rest.
 */
export async function pagesAreWhole(
  store: EventStore,
  options: ReadAllOptions,
  expected: readonly StoredEvent[],
): Promise<readonly EventPage[]> {
  const { direction = "forwards", pageSize = 1_000, pageBytes = Infinity } = options;
  const before = (a: bigint, b: bigint) => (direction === "forwards" ? a < b : a > b);
  const pages = await collectPages(store.readAll(options));
  assert.deepEqual(
    pages.flatMap(({ events }) => events),
    expected,
  );
  let given = 0;
  let { after } = options;
  for (const { events, scannedTo } of pages) {
    assert.ok(events.length <= pageSize, `a page of ${events.length} events`);
    const bytes = events.slice(0, -1).reduce((sum, { data, meta }) => sum + data.length + meta.length, 0);
    assert.ok(events.length <= 1 || bytes < pageBytes, `${bytes} bytes before the last event of a page`);
    assert.ok(after === undefined || before(after, scannedTo), `${scannedTo} follows ${after}`);
    given += events.length;
    const next = expected[given];
    for (const { position } of events) assert.ok(!before(scannedTo, position), "an event beyond the scan");
    assert.ok(next === undefined || before(scannedTo, next.position), "an event was scanned over");
    if (options.limit === undefined) {
      const rest = await collectLog(store.readAll({ ...options, after: scannedTo }));
      assert.deepEqual(rest, expected.slice(given));
    }
    after = scannedTo;
  }
  return pages;
}
