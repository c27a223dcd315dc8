import { TidemarkError } from "../errors.ts";

/**
 * Runs tasks of the same key one after the other, and different keys side by side.
 *
 * Commands on one stream queue here before they reach the database: in one process they never conflict.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #limit: number;
  #waiting = 0;

  /** `limit`: tasks that may be queued or running at once over all keys; beyond it `run` refuses. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting;
  }

  /** @throws TidemarkError `overloaded` when the queue is full. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit) {
      throw new TidemarkError(
        "overloaded",
        `${this.#limit} commands are already queued in this process: send the command again later.`,
        { details: { retryAfterSeconds: 1 } },
      );
    }
    this.#waiting += 1;
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
