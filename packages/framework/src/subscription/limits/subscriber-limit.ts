import { TidemarkError } from "../../errors.ts";

/** Somebody who follows the log: leaves when the connection ends. */
export interface Subscriber {
  /** May be called twice. */
  leave(): void;
}

/**
 * Bounds how many follow the log at once through this process: each costs a connection and a buffer.
 *
 * @example
 * const subscribers = new SubscriberLimit({ most: 1_000, mostOfOne: 20 });
 * const subscriber = subscribers.admit(principal);
 * request.raw.once("close", () => subscriber.leave());
 */
export class SubscriberLimit {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #of = new Map<string, number>();
  #count = 0;

  /** @param options `mostOfOne`: of one principal, so that nobody takes every place; default: no limit. */
  constructor(options: { readonly most: number; readonly mostOfOne?: number }) {
    this.#most = options.most;
    this.#mostOfOne = options.mostOfOne ?? Infinity;
  }

  /** How many there are now. */
  get count(): number {
    return this.#count;
  }

  /** @throws TidemarkError `too-many-subscribers`. */
  admit(principal = ""): Subscriber {
    const own = this.#of.get(principal) ?? 0;
    if (this.#count >= this.#most) refuse(`${this.#count} readers follow the log in this process`);
    if (own >= this.#mostOfOne) refuse(`${own} readers of this principal follow the log in this process`);
    this.#count += 1;
    this.#of.set(principal, own + 1);
    let gone = false;
    return {
      leave: () => {
        if (gone) return;
        gone = true;
        this.#count -= 1;
        const left = (this.#of.get(principal) ?? 1) - 1;
        if (left === 0) this.#of.delete(principal);
        else this.#of.set(principal, left);
      },
    };
  }
}

function refuse(why: string): never {
  throw new TidemarkError("too-many-subscribers", `${why}: close one, or connect again later.`, {
    details: { retryAfterSeconds: 5 },
  });
}
