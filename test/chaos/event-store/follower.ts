import type { StoredEvent } from "@tidemark/framework";
import { isInfrastructureError, type PostgresEventStore } from "@tidemark/framework/postgres";
import { setTimeout as delay } from "node:timers/promises";

/** Follows the log as a subscription does: after a failure it goes on from where it was. */
export class Follower {
  readonly seen: Pick<StoredEvent, "position" | "eventId">[] = [];
  readonly #store: PostgresEventStore;
  readonly #controller = new AbortController();
  readonly #running: Promise<void>;
  #scannedTo = 0n;

  constructor(store: PostgresEventStore) {
    this.#store = store;
    this.#running = this.#run();
  }

  get scannedTo(): bigint {
    return this.#scannedTo;
  }

  stop(): Promise<void> {
    this.#controller.abort();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      try {
        for await (const page of this.#store.subscribe({ after: this.#scannedTo, pageSize: 7, signal })) {
          for (const { position, eventId } of page.events) this.seen.push({ position, eventId });
          this.#scannedTo = page.scannedTo;
        }
      } catch (error) {
        if (!isInfrastructureError(error)) throw error;
        // The database has just ended this connection: it is there again at once.
        await delay(5);
      }
    }
  }
}
