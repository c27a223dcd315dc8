import { setImmediate as nextTurn } from "node:timers/promises";

// Below what a caller of another request would notice.
const longestStretchMs = 10;

/**
 * A pause that costs nothing until the work since the last one has taken 10 ms, and then lets other requests run.
 *
 * @example
 * const pace = createPace();
 * for (const version of history) { check(version); await pace(); }
 */
export function createPace(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < longestStretchMs) return;
    await nextTurn();
    since = performance.now();
  };
}
