import { IntakeGate, type WhenFull } from "../intake/intake-gate.ts";

const oneTask = { items: 1, bytes: 0 };

/**
 * Runs tasks of the same key one after the other, and different keys side by side.
 *
 * Commands on one stream queue here before they reach the database: in one process they never conflict.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #gate: IntakeGate;

  /** `limit`: tasks that may be queued or running at once over all keys; `whenFull` says what happens beyond. */
  constructor(limit: number, whenFull: WhenFull = "reject") {
    this.#gate = new IntakeGate({ what: "commands", most: { items: limit, bytes: Infinity }, whenFull });
  }

  get size(): number {
    return this.#gate.inside.items;
  }

  /** @throws TidemarkError `overloaded` when the queue is full; the signal's reason while the task waits for room. */
  async run<T>(key: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (!this.#gate.tryEnter(oneTask)) await this.#gate.enter(oneTask, signal);
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      this.#gate.leave(oneTask);
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
