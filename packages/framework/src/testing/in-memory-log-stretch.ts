import type { StoredEvent } from "../event/stored-event.ts";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventPage, ReadAllOptions } from "../event-store/event-store.ts";
import type { LogEntry } from "./in-memory-stream.ts";

/** The part of an in-memory log that one read goes through, forwards or backwards; fixed when the read begins. */
export class LogStretch {
  readonly #entries: readonly LogEntry[];
  readonly #tenant: string;
  readonly #filter: EventFilter;
  readonly #step: 1 | -1;
  /** Position of the next entry to look at, and of the last one. */
  #next: number;
  readonly #last: number;
  readonly #pageBytes: number;

  constructor(entries: readonly LogEntry[], options: ReadAllOptions) {
    const { tenant = "", filter = {}, direction = "forwards", after, upTo } = options;
    this.#entries = entries;
    this.#pageBytes = options.pageBytes ?? Infinity;
    this.#tenant = tenant;
    this.#filter = filter;
    const head = entries.length;
    if (direction === "forwards") {
      this.#step = 1;
      this.#next = Number(after ?? 0n) + 1;
      this.#last = Math.min(head, Number(upTo ?? head));
    } else {
      this.#step = -1;
      this.#next = Math.min(head, Number(after ?? head + 1) - 1);
      this.#last = Number(upTo ?? 0n);
    }
  }

  isScanned(): boolean {
    return this.#step === 1 ? this.#next > this.#last : this.#next < Math.max(this.#last, 1);
  }

  /** Up to `size` matching events, and up to the bytes of a page. Asked for only while the stretch is not scanned. */
  next(size: number): EventPage {
    const events: StoredEvent[] = [];
    let bytes = 0;
    while (!this.isScanned()) {
      const entry = this.#entries[this.#next - 1];
      this.#next += this.#step;
      if (entry === undefined || !this.#matches(entry)) continue;
      events.push(entry.event);
      bytes += entry.event.data.length + entry.event.meta.length;
      if (events.length >= size || bytes >= this.#pageBytes)
        return { events, scannedTo: entry.event.position };
    }
    return { events, scannedTo: BigInt(this.#last) };
  }

  #matches({ tenant, category, event }: LogEntry): boolean {
    return (
      tenant === this.#tenant &&
      this.#filter.types?.includes(event.type) !== false &&
      this.#filter.categories?.includes(category) !== false
    );
  }
}
