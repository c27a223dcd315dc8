import { randomUUID } from "node:crypto";
import type { SpilledItem, SpillStore } from "./spill-store.ts";

/** One process's view of what its queue keeps in the store. */
export class SpillDrain {
  readonly #queue: string;
  readonly #store: SpillStore;
  readonly #leaseMs: number;
  readonly #owner = randomUUID();
  /** Until the store was seen empty it may have items: those of an earlier process at first. */
  #active = true;
  #additions = 0;
  #adding: Promise<unknown> = Promise.resolve();
  #stored = 0;

  /** @param options `leaseMs`: a process that died while it drained is followed by another one after this time */
  constructor(options: { readonly queue: string; readonly store: SpillStore; readonly leaseMs: number }) {
    this.#queue = options.queue;
    this.#store = options.store;
    this.#leaseMs = options.leaseMs;
  }

  /** Whether something may be stored. */
  get active(): boolean {
    return this.#active;
  }

  /** Items stored by this process so far. */
  get stored(): number {
    return this.#stored;
  }

  /** Stores an item behind those before. */
  add(item: Omit<SpilledItem, "itemNo">): Promise<void> {
    this.#active = true;
    this.#additions += 1;
    const add = async (): Promise<void> => {
      await this.#store.add(this.#queue, [item]);
      this.#stored += 1;
    };
    // One after the other, for the order; a failure is its own producer's.
    const added = this.#adding.then(add, add);
    this.#adding = added;
    return added;
  }

  /**
   * Handles the oldest items and removes them. `others`: another process drains the queue now.
   *
   * @throws what `handle` or the store throws; nothing was removed then.
   */
  async next(
    limit: number,
    handle: (items: readonly SpilledItem[]) => Promise<void>,
  ): Promise<"handled" | "empty" | "others"> {
    const additions = this.#additions;
    // Whatever is being stored comes before the look: else the queue could seem empty.
    await this.#adding.catch(() => {});
    const drained = { owner: this.#owner, leaseMs: this.#leaseMs, limit };
    const { items, waiting } = await this.#store.drain(this.#queue, drained);
    if (items.length === 0) {
      if (waiting) return "others";
      if (additions === this.#additions) this.#active = false;
      return "empty";
    }
    const renewing = setInterval(() => {
      this.#store.drain(this.#queue, { ...drained, limit: 0 }).catch(() => {});
    }, this.#leaseMs / 3);
    try {
      await handle(items);
    } finally {
      clearInterval(renewing);
    }
    await this.#store.remove(
      this.#queue,
      this.#owner,
      items.map(({ itemNo }) => itemNo),
    );
    return "handled";
  }

  async close(): Promise<void> {
    await this.#adding.catch(() => {});
    await this.#store.release(this.#queue, this.#owner).catch(() => {});
  }
}
