import { once } from "node:events";
import type pg from "pg";

/** What runs on a server that does not answer any more holds the end up for so many milliseconds. */
const patienceMs = 1_000;

/**
 * Ends a pool once everybody who waits for a connection has one: the driver forgets them when it ends, and they would
 * wait, and keep the process running, until their time is over.
 */
export async function endPool(pool: pg.Pool): Promise<void> {
  const patience = AbortSignal.timeout(patienceMs);
  while (pool.waitingCount > 0 && !patience.aborted)
    await once(pool, "acquire", { signal: patience }).catch(() => undefined);
  await pool.end();
}
