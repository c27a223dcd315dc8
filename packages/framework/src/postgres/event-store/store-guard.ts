import type pg from "pg";
import { TidemarkError } from "../../errors.ts";

/** SQLSTATEs of a database without the store's tables. */
const missing = new Set(["42P01", "3F000"]);

/**
 * Looks at each new connection whether it still leads to the store that was opened. Behind the same address there may
 * be another one by now, in which positions, checkpoints and idempotency keys mean something else.
 */
export class StoreGuard {
  readonly #schema: string;
  #storeId: string | null = null;

  /** @param schema the quoted database schema */
  constructor(schema: string) {
    this.#schema = schema;
  }

  /** From now on it must be this one. */
  expect(storeId: string): void {
    this.#storeId = storeId;
  }

  /** @throws TidemarkError `log-diverged` */
  async check(client: pg.ClientBase): Promise<void> {
    const opened = this.#storeId;
    if (opened === null) return;
    const found = await this.#readStoreId(client);
    if (found === opened) return;
    throw new TidemarkError(
      "log-diverged",
      `The database now holds ${found === null ? "no event store" : `the event store ${found}`}, this process has opened ` +
        `${opened}: point the connection back to that one, or start the process anew with the other.`,
      { details: { retryAfterSeconds: 30 } },
    );
  }

  async #readStoreId(client: pg.ClientBase): Promise<string | null> {
    try {
      const { rows } = await client.query<{ store_id: string }>(`select store_id from ${this.#schema}.store`);
      return rows[0]?.store_id ?? null;
    } catch (error) {
      if (error instanceof Error && "code" in error && missing.has(String(error.code))) return null;
      throw error;
    }
  }
}
