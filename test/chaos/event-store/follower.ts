import { TidemarkError, type EventFilter, type StoredEvent } from "@tidemark/framework";
import { isInfrastructureError, type PostgresEventStore } from "@tidemark/framework/postgres";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support/wait-for.ts";

export interface SeenEvent extends Pick<StoredEvent, "position" | "eventId"> {
  /** By the clock of the machine, in milliseconds. */
  readonly seenAt: number;
}

/** Follows the log as a subscription does: after a failure it goes on from where it was. */
export class Follower {
  readonly seen: SeenEvent[] = [];
  readonly filter: EventFilter;
  readonly #store: PostgresEventStore;
  readonly #controller = new AbortController();
  readonly #running: Promise<void>;
  #scannedTo = 0n;
  #refusal: string | null = null;

  constructor(store: PostgresEventStore, filter: EventFilter = {}) {
    this.filter = filter;
    this.#store = store;
    this.#running = this.#run();
    // Reported by stop().
    this.#running.catch(() => {});
  }

  get scannedTo(): bigint {
    return this.#scannedTo;
  }

  /** Why the store let it go no further: events that it has seen are gone. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Waits until it has seen everything up to the position, or is refused; fails when it cannot go on. */
  async reach(position: bigint): Promise<void> {
    const arrived = waitFor(() => this.#refusal !== null || this.#scannedTo >= position, {
      what: "a follower at the head",
    });
    await Promise.race([arrived, this.#running.then(() => arrived)]);
  }

  stop(): Promise<void> {
    this.#controller.abort();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    const options = { filter: this.filter, pageSize: 7, signal };
    while (!signal.aborted) {
      try {
        for await (const page of this.#store.subscribe({ ...options, after: this.#scannedTo })) {
          const seenAt = Date.now();
          for (const { position, eventId } of page.events) this.seen.push({ position, eventId, seenAt });
          this.#scannedTo = page.scannedTo;
        }
      } catch (error) {
        if (error instanceof TidemarkError && error.code === "log-diverged") {
          this.#refusal = error.message;
          return;
        }
        if (!isInfrastructureError(error)) throw error;
        // The database has just ended this connection: it is there again soon.
        await delay(5);
      }
    }
  }
}
