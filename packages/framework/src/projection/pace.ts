import { setTimeout as delay } from "node:timers/promises";
import type { EventPage } from "../event-store/event-store.ts";

/** Milliseconds after which a change of the rate is noticed by whoever waits, at the latest. */
const lookMs = 100;

/** Events are let through in this many slices a second: what runs beside them is never held up for long. */
const slicesPerSecond = 100;

/** How fast a rebuild may read, so that what runs beside it keeps its share of the machine. Changeable at any time. */
export class Pace {
  #eventsPerSecond: number | null;
  /** When the next slice may go. */
  #freeAt = 0;

  /** @param eventsPerSecond `null`: as fast as it can */
  constructor(eventsPerSecond: number | null) {
    this.#eventsPerSecond = checkedRate(eventsPerSecond);
  }

  get eventsPerSecond(): number | null {
    return this.#eventsPerSecond;
  }

  set eventsPerSecond(value: number | null) {
    this.#eventsPerSecond = checkedRate(value);
    this.#freeAt = 0;
  }

  /** Hands pages on when their events are due, cut into pieces that are let through one by one. */
  async *slow(pages: AsyncIterable<EventPage>, signal: AbortSignal): AsyncGenerator<EventPage, void> {
    for await (const { events, scannedTo } of pages) {
      let from = 0;
      for (;;) {
        const slice = events.slice(from, from + this.#sliceSize);
        if (!(await this.#due(slice.length, signal))) return;
        from += slice.length;
        const last = slice.at(-1);
        if (from >= events.length || last === undefined) {
          yield { events: slice, scannedTo };
          break;
        }
        yield { events: slice, scannedTo: last.position };
      }
    }
  }

  get #sliceSize(): number {
    const rate = this.#eventsPerSecond;
    return rate === null ? Number.MAX_SAFE_INTEGER : Math.max(1, Math.floor(rate / slicesPerSecond));
  }

  /** Returns when so many events may be handled; false when the signal aborts before. */
  async #due(events: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const rate = this.#eventsPerSecond;
      if (rate === null || events === 0) return true;
      const now = performance.now();
      const wait = this.#freeAt - now;
      if (wait <= 0) {
        // Timers are late by a little; time that nobody used otherwise is lost.
        this.#freeAt = Math.max(this.#freeAt, now - 1_000 / slicesPerSecond) + (events * 1_000) / rate;
        return true;
      }
      await delay(Math.min(wait, lookMs), undefined, { signal }).catch(() => undefined);
    }
    return false;
  }
}

/** @throws RangeError when a rate is none. */
export function checkedRate(eventsPerSecond: number | null): number | null {
  if (eventsPerSecond !== null && !(eventsPerSecond > 0)) {
    throw new RangeError(
      `eventsPerSecond is ${eventsPerSecond}: give a number above 0, or null for no limit.`,
    );
  }
  return eventsPerSecond;
}
