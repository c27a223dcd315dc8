import type { StoredEvent } from "../event/stored-event.ts";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventPage, ReadAllOptions } from "../event-store/event-store.ts";
import { toStoredEvent, type PlacedRecord } from "./event-envelope.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StoreIdentity } from "./store-identity.ts";
import { categoryOf, type StreamName, type StreamNames } from "./stream-names.ts";

/** Records that one call reads: enough to be fast, few enough to begin at once. */
const chunkSize = 2_000;

/** An event of the log, and whose it is. */
export interface LogEvent {
  readonly name: StreamName;
  readonly event: StoredEvent;
}

/** The whole log as this namespace sees it: records of the server, of others and of the store itself are left out. */
export class LogReader {
  readonly #reader: RecordReader;
  readonly #names: StreamNames;
  readonly #identity: StoreIdentity;
  readonly #wholeSeconds: boolean;
  #origin = 0n;
  /** Nothing of this namespace lies between `head` and `tail`. */
  #known = { head: 0n, tail: 0n };
  #headRead: { readonly started: boolean; readonly result: Promise<bigint> } | null = null;

  constructor(options: {
    readonly reader: RecordReader;
    readonly names: StreamNames;
    readonly identity: StoreIdentity;
    readonly wholeSeconds: boolean;
  }) {
    this.#reader = options.reader;
    this.#names = options.names;
    this.#identity = options.identity;
    this.#wholeSeconds = options.wholeSeconds;
  }

  /** Where the store was made: nothing of it lies before, however long the server's log is. */
  startAt(origin: bigint): void {
    this.#origin = origin;
    this.#known = { head: 0n, tail: origin };
  }

  /** The place from which on everything behind `after` is read. */
  startOf(after: bigint): "start" | bigint {
    const from = after < this.#origin ? this.#origin : after;
    return from === 0n ? "start" : from;
  }

  /** `null` for a record that is no event of this namespace. */
  toEvent(record: PlacedRecord): LogEvent | null {
    const name = this.#names.parse(record.streamId);
    const { created } = record;
    const recordedAt = this.#wholeSeconds ? new Date(Math.floor(created.getTime() / 1_000) * 1_000) : created;
    const event = name === null ? null : toStoredEvent(record, name, recordedAt);
    return name === null || event === null ? null : { name, event };
  }

  async *pages(options: ReadAllOptions): AsyncGenerator<EventPage> {
    const { tenant = "", filter = {}, direction = "forwards", signal } = options;
    const { pageSize = 1_000, pageBytes = Infinity } = options;
    let bytes = 0;
    const forwards = direction === "forwards";
    const { from, end } = await this.#range(options);
    let left = options.limit ?? Infinity;
    let scanned = from;
    let reported = from;
    let last = from;
    let page: StoredEvent[] = [];
    const beyond = (position: bigint): boolean => (forwards ? position > end : position < end);
    let next: "start" | "end" | bigint = from === null ? "end" : forwards ? this.startOf(from) : from;
    if (
      left === 0 ||
      (forwards && from !== null && from >= end) ||
      (!forwards && from !== null && from <= end)
    )
      return;
    for (let more = true; more;) {
      const chunk = await this.#reader.log(next, { direction, maxCount: chunkSize, signal });
      ({ more } = chunk);
      for (const record of chunk.records) {
        // Forwards, a chunk begins with the record that the one before ended with.
        if (record.commit === last) continue;
        last = next = record.commit;
        if (beyond(record.commit)) {
          more = false;
          break;
        }
        const found = this.toEvent(record);
        if (found === null) continue;
        scanned = record.commit;
        if (found.name.tenant !== tenant || !matches(filter, found)) continue;
        page.push(found.event);
        bytes += found.event.data.length + found.event.meta.length;
        left -= 1;
        if (page.length < pageSize && bytes < pageBytes && left > 0) continue;
        reported = scanned;
        yield { events: page, scannedTo: scanned };
        page = [];
        bytes = 0;
        if (left === 0) return;
      }
      if (more && scanned !== null && scanned !== reported) {
        reported = scanned;
        yield { events: page, scannedTo: scanned };
        page = [];
        bytes = 0;
      }
    }
    if (page.length > 0 || reported !== end) yield { events: page, scannedTo: end };
  }

  /** Position of the last event of this namespace, of any tenant. */
  head(): Promise<bigint> {
    // A read that is under way may have passed the place where the caller's event stands; the next one has not begun.
    if (this.#headRead !== null && !this.#headRead.started) return this.#headRead.result;
    const before = this.#headRead?.result.catch(() => 0n) ?? Promise.resolve(0n);
    const run = { started: false, result: Promise.resolve(0n) };
    run.result = before.then(() => {
      run.started = true;
      return this.#readHead();
    });
    this.#headRead = run;
    return run.result;
  }

  /** The record at exactly this position. */
  async recordAt(position: bigint, signal?: AbortSignal): Promise<PlacedRecord | null> {
    if (position === 0n || (position > this.#known.head && position > (await this.head()))) return null;
    const { records } = await this.#reader.log(position, { direction: "forwards", maxCount: 1, signal });
    return records[0]?.commit === position ? records[0] : null;
  }

  async #range({ direction, after, upTo }: ReadAllOptions): Promise<{ from: bigint | null; end: bigint }> {
    if (direction === "backwards") return { from: after ?? null, end: upTo ?? 0n };
    const head = await this.head();
    return { from: after ?? 0n, end: upTo !== undefined && upTo < head ? upTo : head };
  }

  async #readHead(): Promise<bigint> {
    let from: "end" | bigint = "end";
    let tail: bigint | null = null;
    for (let maxCount = 32; ; maxCount = Math.min(maxCount * 4, chunkSize)) {
      const { records, more }: Awaited<ReturnType<RecordReader["log"]>> = await this.#reader.log(from, {
        direction: "backwards",
        maxCount,
      });
      tail ??= records[0]?.commit ?? 0n;
      // Positions only grow: this is another log.
      if (tail < this.#known.tail) this.#identity.suspect();
      for (const record of records) {
        const passed = record.commit <= this.#known.tail;
        if (!passed && this.toEvent(record) === null) continue;
        this.#known = { head: passed ? this.#known.head : record.commit, tail };
        return this.#known.head;
      }
      from = records.at(-1)?.commit ?? from;
      if (more && records.length > 0) continue;
      this.#known = { head: 0n, tail };
      return 0n;
    }
  }
}

export function matches({ types, categories }: EventFilter, { name, event }: LogEvent): boolean {
  return types?.includes(event.type) !== false && categories?.includes(categoryOf(name.streamId)) !== false;
}
