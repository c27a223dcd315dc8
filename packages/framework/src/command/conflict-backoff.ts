import { setTimeout as delay } from "node:timers/promises";

/** Attempts of one command against other processes' writers before it gives up with `conflict`. */
export const maxConflictAttempts = 10;

/** Waits before the next attempt: full jitter under a bound that doubles from 4 ms to 256 ms. */
export async function conflictBackoff(attempt: number): Promise<void> {
  const bound = Math.min(256, 4 * 2 ** (attempt - 1));
  await delay(Math.random() * bound);
}
