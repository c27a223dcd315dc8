import { DurationHistogram } from "./duration-histogram.ts";
import { OutcomeCounter } from "./outcome-counter.ts";

/** What one process has asked of an event store since it was made. */
export class EventStoreMeter {
  /** By status of the outcome, or by code of the error. */
  readonly appends = new OutcomeCounter();
  /** Of those that were answered, whatever the answer. */
  readonly appendDuration = new DurationHistogram();
  #eventsAppended = 0;
  #readPages = 0;
  #eventsRead = 0;

  get eventsAppended(): number {
    return this.#eventsAppended;
  }

  get readPages(): number {
    return this.#readPages;
  }

  get eventsRead(): number {
    return this.#eventsRead;
  }

  /** Counts an append of so many events, and hands its outcome on. */
  async measure<Outcome extends { readonly status: string }>(
    appending: Promise<Outcome>,
    events: number,
  ): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      const outcome = await appending;
      this.appendDuration.ended(startedAt);
      this.appends.add(outcome.status);
      if (outcome.status === "appended") this.#eventsAppended += events;
      return outcome;
    } catch (error) {
      this.appends.addError(error);
      throw error;
    }
  }

  /** Counts pages of the log, and hands them on. */
  async *counted<Page extends { readonly events: readonly unknown[] }>(
    pages: AsyncIterable<Page>,
  ): AsyncGenerator<Page, void, undefined> {
    for await (const page of pages) {
      this.#readPages += 1;
      this.#eventsRead += page.events.length;
      yield page;
    }
  }
}
