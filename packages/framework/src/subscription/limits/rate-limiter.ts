import { setTimeout as delay } from "node:timers/promises";
import type { LimitStore } from "./limit-store.ts";

export interface RateLimiterOptions {
  readonly store: LimitStore;
  /** All limiters of this name, in all processes, share one rate. */
  readonly name: string;
  /** From one call to the next. */
  readonly intervalMs: number;
}

/** Calls that this process may make, one every interval. */
interface Slice {
  readonly count: number;
  taken: number;
  /** When the first may be made, and when those that are left expire; of `performance.now()`. */
  readonly from: number;
  readonly until: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls are given out for this long at most, so a busy process asks about four times a second. */
const sliceMs = 250;

/** Time that nobody used may be made up for: else each question and answer would cost a little of the rate. */
const catchUpMs = 250;

/** How long a call may be late. After that it is lost, so that a process that stood still comes back with nothing. */
const lateMs = 500;

/** Nothing is given out that lies further ahead: a process that dies meanwhile takes little along. */
const patienceMs = 1_000;

/**
 * Lets calls pass at a rate that holds for all processes together. Calls are given to each process in slices of a
 * shared line of time; a slice that nobody used up is lost and never given out twice. In any stretch of time at most
 * so many calls pass as the rate allows, and one second's worth (at least one) beyond.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #largest: number;
  readonly #waiters: Waiter[] = [];
  #slice: Slice | null = null;
  #size = 1;
  #serving = false;
  #deserted: () => void = () => {};

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#largest = Math.max(1, Math.floor(sliceMs / options.intervalMs));
  }

  /**
   * Waits for its turn, first come, first served.
   *
   * @throws the signal's reason; TidemarkError `store-unavailable`.
   */
  acquire(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        if (this.#waiters.length === 0) this.#deserted();
        reject(signal.reason as Error);
      };
      const settled = (): void => signal.removeEventListener("abort", abort);
      const waiter: Waiter = {
        resolve: () => {
          settled();
          resolve();
        },
        reject: (reason) => {
          settled();
          reject(reason as Error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiters.push(waiter);
      if (!this.#serving) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    try {
      while (this.#waiters.length > 0) {
        const wait = this.#next();
        if (wait === null) await this.#reserve();
        else if (wait > 0) await this.#pause(wait);
        else this.#waiters.shift()?.resolve();
      }
    } catch (error) {
      for (const { reject } of this.#waiters.splice(0)) reject(error);
    } finally {
      this.#serving = false;
    }
  }

  /** Takes the next call of the slice; else how long it takes until there is one, `null` when the slice is over. */
  #next(): number | null {
    const slice = this.#slice;
    if (slice === null) return null;
    const now = performance.now();
    if (slice.taken === slice.count || now > slice.until) {
      this.#size = slice.taken === slice.count ? slice.count * 2 : Math.max(1, slice.taken);
      this.#slice = null;
      return null;
    }
    const wait = slice.from + slice.taken * this.#options.intervalMs - now;
    if (wait > 0) return wait;
    slice.taken += 1;
    return 0;
  }

  async #reserve(): Promise<void> {
    const { store, name, intervalMs } = this.#options;
    const count = Math.min(this.#largest, Math.max(this.#size, this.#waiters.length));
    const askedAt = performance.now();
    const { granted, waitMs } = await store.reserve({
      name,
      intervalMs,
      requests: count,
      catchUpMs,
      patienceMs,
      aheadMs: patienceMs + this.#largest * intervalMs,
    });
    if (!granted) {
      // Others stand before: whoever comes back at a time of his own is first now and then.
      await this.#pause(waitMs - patienceMs * (0.25 + Math.random() / 2));
      return;
    }
    // The answer was under way: from its arrival on it is not too early, and from the question on not too late.
    const from = performance.now() + waitMs;
    const until = askedAt + Math.max(waitMs, 0) + count * intervalMs + lateMs;
    this.#slice = { count, taken: 0, from, until };
  }

  /** Ends early when nobody waits any more. */
  async #pause(milliseconds: number): Promise<void> {
    const deserted = new AbortController();
    this.#deserted = () => deserted.abort();
    // No timer of Node is longer than that; who still has to wait then waits again.
    const most = 2 ** 30;
    await delay(Math.min(Math.ceil(milliseconds), most), undefined, { signal: deserted.signal }).catch(
      () => {},
    );
  }
}
