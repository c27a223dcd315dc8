import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import { onAbort } from "../on-abort.ts";
import type { CheckpointStore, PartitionPosition } from "../subscription/checkpoint-store.ts";
import type { Logger } from "../telemetry/logger.ts";

interface Waiter {
  readonly subscription: string;
  readonly position: bigint;
  readonly resolve: () => void;
}

const shortestPollMs = 4;
const longestPollMs = 25;

/**
 * Lets queries wait until a subscription has passed a position, whichever process moves it: this process's projectors
 * say so at once, and one query every few milliseconds asks for all others while anybody waits.
 */
export class PositionWaiters {
  readonly #store: CheckpointStore;
  readonly #max: number;
  readonly #logger: Logger;
  readonly #waiters = new Set<Waiter>();
  readonly #positions = new Map<string, Map<number, bigint>>();
  readonly #closing = new AbortController();
  #polling: Promise<void> | null = null;
  #pollMs = shortestPollMs;

  constructor(options: { readonly store: CheckpointStore; readonly max: number; readonly logger: Logger }) {
    this.#store = options.store;
    this.#max = options.max;
    this.#logger = options.logger;
  }

  /** Where the partitions are, as last seen; empty when never. */
  positions(subscription: string): readonly PartitionPosition[] {
    const known = this.#positions.get(subscription) ?? new Map<number, bigint>();
    return [...known].map(([partition, position]) => ({ partition, position }));
  }

  /** Where the slowest partition is, as last seen; `null` when never. */
  slowest(subscription: string): bigint | null {
    let slowest: bigint | null = null;
    for (const { position } of this.positions(subscription)) {
      if (slowest === null || position < slowest) slowest = position;
    }
    return slowest;
  }

  /** Whether every partition is known to have passed the position. */
  hasPassed(subscription: string, position: bigint): boolean {
    const slowest = this.slowest(subscription);
    return slowest !== null && slowest >= position;
  }

  /** Asks the database. */
  async refresh(subscriptions: readonly string[]): Promise<void> {
    const read = await this.#store.readPositions(subscriptions);
    for (const [subscription, partitions] of read) {
      this.#positions.set(subscription, new Map(partitions.map((of) => [of.partition, of.position])));
    }
    this.#settle();
  }

  /** A projector of this process has committed. */
  advanced(subscription: string, partition: number, position: bigint): void {
    const known = this.#positions.get(subscription);
    if (known === undefined) return;
    known.set(partition, position);
    if (this.#waiters.size > 0) this.#settle();
  }

  /**
   * Whether the subscription passes the position in time.
   *
   * @throws TidemarkError `too-many-waiters`, `application-closed`; the signal's reason.
   */
  async wait(
    subscription: string,
    position: bigint,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<boolean> {
    const { timeoutMs, signal } = options;
    if (this.hasPassed(subscription, position)) return true;
    if (timeoutMs <= 0) return false;
    if (this.#waiters.size >= this.#max) {
      throw new TidemarkError(
        "too-many-waiters",
        `${this.#max} requests wait for a read model already: send this one again later.`,
        { details: { retryAfterSeconds: 1 } },
      );
    }
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        forget();
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const waiter: Waiter = { subscription, position, resolve: done };
      this.#waiters.add(waiter);
      const forget = onAbort(signal, done);
      this.#pollMs = shortestPollMs;
      this.#polling ??= this.#poll();
    });
    signal?.throwIfAborted();
    if (this.#closing.signal.aborted) {
      throw new TidemarkError("application-closed", "The application is shutting down: ask another node.", {
        details: { retryAfterSeconds: 1 },
      });
    }
    return this.hasPassed(subscription, position);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { resolve } of this.#waiters) resolve();
    await this.#polling;
  }

  #settle(): void {
    for (const { subscription, position, resolve } of this.#waiters) {
      if (this.hasPassed(subscription, position)) resolve();
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#waiters.size > 0 && !signal.aborted) {
      try {
        await this.refresh([...new Set([...this.#waiters].map(({ subscription }) => subscription))]);
      } catch (error) {
        this.#logger.debug({ err: error }, "checkpoints could not be read");
      }
      await delay(this.#pollMs, undefined, { signal }).catch(() => undefined);
      this.#pollMs = Math.min(longestPollMs, this.#pollMs * 1.5);
    }
    this.#polling = null;
  }
}
