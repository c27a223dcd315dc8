import { setTimeout as delay } from "node:timers/promises";
import { Moved, type Bank, type BankEvent } from "../../support/bank.ts";
import type { SeededRandom } from "../event-store/seeded-random.mjs";

export function randomMoves(random: SeededRandom, count: number, accounts = 60): BankEvent[] {
  return Array.from({ length: count }, () => ({
    account: `a${random.below(accounts)}`,
    event: Moved({ cents: BigInt(1_000 + random.below(9_000)), to: `a${random.below(accounts)}` }),
  }));
}

/** Writes moves, a few at a time, until it is stopped. */
export class Load {
  /** The position of the last acknowledged append. */
  acknowledged = 0n;
  /** How many moves were acknowledged. */
  moves = 0;
  failures = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    bank: Bank,
    random: SeededRandom,
    options: { readonly batch?: number; readonly pauseMs?: number } = {},
  ) {
    this.#running = this.#write(bank, random, options);
  }

  /** @returns the position of the last acknowledged append */
  async stop(): Promise<bigint> {
    this.#stopped = true;
    await this.#running;
    return this.acknowledged;
  }

  async #write(
    bank: Bank,
    random: SeededRandom,
    { batch = 10, pauseMs = 20 }: { readonly batch?: number; readonly pauseMs?: number },
  ): Promise<void> {
    while (!this.#stopped) {
      try {
        this.acknowledged = await bank.append(randomMoves(random, batch));
        this.moves += batch;
      } catch {
        // The database is away. What was not acknowledged may be in the log or not.
        this.failures += 1;
      }
      await delay(pauseMs);
    }
  }
}
