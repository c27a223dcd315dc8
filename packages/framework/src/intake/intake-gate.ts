import { TidemarkError } from "../errors.ts";
import { onAbort } from "../on-abort.ts";

export interface IntakeSize {
  readonly items: number;
  readonly bytes: number;
}

/**
 * What a producer meets at a full queue. `slow`: it waits for room, or until its signal aborts; too many that wait are
 * rejected. `reject`: it gets an error at once and tries again later.
 */
export type WhenFull = "slow" | "reject";

export interface IntakeGateOptions {
  /** What is queued, in words of the error: "appends". */
  readonly what: string;
  /** What may be inside. Something larger is let in alone. */
  readonly most: IntakeSize;
  /** What producers that wait may hold; default: as much as may be inside. */
  readonly mostWaiting?: IntakeSize;
  readonly whenFull: WhenFull;
}

interface Producer {
  readonly size: IntakeSize;
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

const nothing: IntakeSize = { items: 0, bytes: 0 };

/** Bounds what is inside a queue, and what waits before it; first come, first served. */
export class IntakeGate {
  readonly #options: IntakeGateOptions;
  readonly #producers = new Set<Producer>();
  #inside = nothing;
  #waiting = nothing;
  #rejected = 0;

  constructor(options: IntakeGateOptions) {
    this.#options = options;
  }

  get inside(): IntakeSize {
    return this.#inside;
  }

  /** What producers hold that wait. */
  get waiting(): IntakeSize {
    return this.#waiting;
  }

  /** How many were refused so far. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Goes in if there is room at once. */
  tryEnter(size: IntakeSize): boolean {
    if (this.#producers.size > 0 || !fits(this.#inside, size, this.#options.most)) return false;
    this.#inside = sum(this.#inside, size, 1);
    return true;
  }

  /**
   * Goes in when there is room. `leave` must follow.
   *
   * @throws TidemarkError `overloaded` with `retryAfterSeconds`; the signal's reason.
   */
  enter(size: IntakeSize, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.tryEnter(size)) return Promise.resolve();
    const { whenFull, most, mostWaiting = most } = this.#options;
    if (whenFull === "reject" || !fits(this.#waiting, size, mostWaiting))
      return Promise.reject(this.#overloaded());
    this.#waiting = sum(this.#waiting, size, 1);
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        this.#producers.delete(producer);
        this.#waiting = sum(this.#waiting, size, -1);
        forget();
      };
      const producer: Producer = {
        size,
        enter: () => {
          goOn();
          this.#inside = sum(this.#inside, size, 1);
          resolve();
        },
        refuse: (reason) => {
          goOn();
          reject(reason as Error);
        },
      };
      const abort = (): void => {
        producer.refuse(signal?.reason);
        // Someone small behind it may fit.
        this.#admit();
      };
      const forget = onAbort(signal, abort);
      this.#producers.add(producer);
    });
  }

  leave(size: IntakeSize): void {
    this.#inside = sum(this.#inside, size, -1);
    this.#admit();
  }

  /** Sends everybody away who waits. */
  refuseWaiting(reason: unknown): void {
    for (const { refuse } of this.#producers) refuse(reason);
  }

  #admit(): void {
    for (const { size, enter } of this.#producers) {
      if (!fits(this.#inside, size, this.#options.most)) return;
      enter();
    }
  }

  #overloaded(): TidemarkError {
    this.#rejected += 1;
    const { what, whenFull } = this.#options;
    const { items } = sum(this.#inside, this.#waiting, 1);
    const full = whenFull === "reject" ? "wait" : "wait, and others for a place";
    const message = `${items} ${what} already ${full} in this process: try again later.`;
    return new TidemarkError("overloaded", message, { details: { retryAfterSeconds: 1 } });
  }
}

function fits(inside: IntakeSize, more: IntakeSize, most: IntakeSize): boolean {
  if (inside.items === 0) return true;
  return inside.items + more.items <= most.items && inside.bytes + more.bytes <= most.bytes;
}

function sum(left: IntakeSize, right: IntakeSize, sign: 1 | -1): IntakeSize {
  return { items: left.items + sign * right.items, bytes: left.bytes + sign * right.bytes };
}
