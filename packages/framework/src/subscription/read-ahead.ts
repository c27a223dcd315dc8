import type { EventPage } from "../event-store/event-store.ts";

/**
 * Reads one page ahead: while a page is worked on, the next is fetched. Waiting for a page can be given up and taken
 * up again without losing it.
 */
export class ReadAhead {
  readonly #pages: AsyncIterator<EventPage>;
  #next: Promise<IteratorResult<EventPage>>;
  #arrived = false;

  constructor(pages: AsyncIterable<EventPage>) {
    this.#pages = pages[Symbol.asyncIterator]();
    this.#next = this.#fetch();
  }

  /** Whether `take` has something at once. */
  get arrived(): boolean {
    return this.#arrived;
  }

  /** Settles when `take` has something, be it the end or an error. */
  get pending(): Promise<unknown> {
    return this.#next;
  }

  /** The next page; `null` at the end. */
  async take(): Promise<EventPage | null> {
    const result = await this.#next;
    if (result.done === true) return null;
    this.#next = this.#fetch();
    return result.value;
  }

  #fetch(): Promise<IteratorResult<EventPage>> {
    this.#arrived = false;
    const next = this.#pages.next();
    const arrive = (): void => {
      if (this.#next === next) this.#arrived = true;
    };
    // Also keeps an error that nobody waits for any more from ending the process.
    next.then(arrive, arrive);
    return next;
  }
}
