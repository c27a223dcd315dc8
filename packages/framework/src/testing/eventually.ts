import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  /** How long to try, in milliseconds; default 5,000. */
  readonly timeout?: number;
  /** Pause between two tries, in milliseconds; default 10. */
  readonly interval?: number;
}

/**
 * Repeats an assertion until it passes, and returns what it returned; in the end throws its last failure. For what
 * becomes true a moment later, such as a projection that catches up.
 *
 * @example
 * await eventually(async () => expect((await get("/accounts/1")).balance).toBe("5.00"));
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeout = 5_000, interval = 10 } = options;
  const deadline = performance.now() + timeout;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await delay(interval);
  }
}
