/**
 * Narrows a failure down to its event: after a failure in a batch, smaller batches run until the event at fault is
 * the first and only one. Then its attempts are counted.
 */
export class Isolation {
  #limit = Infinity;
  #until = 0n;
  #culprit: { readonly position: bigint; attempts: number } | null = null;

  /** Most events that may go into the next commit. */
  get limit(): number {
    return this.#limit;
  }

  /** Number of the attempt that comes next for the event at this position, from 1. */
  attemptAt(position: bigint): number {
    return this.#culprit?.position === position ? this.#culprit.attempts + 1 : 1;
  }

  /** The event is the first of its batch, so it alone is at fault. Returns how often it has failed. */
  found(position: bigint): number {
    if (this.#culprit?.position !== position) this.#culprit = { position, attempts: 0 };
    this.#culprit.attempts += 1;
    this.narrow(1, position);
    return this.#culprit.attempts;
  }

  /** Commits have at most `limit` events until `until` is passed. */
  narrow(limit: number, until: bigint): void {
    this.#limit = Math.max(1, limit);
    if (until > this.#until) this.#until = until;
  }

  /** Everything up to here is committed. */
  passed(position: bigint): void {
    if (this.#culprit !== null && position >= this.#culprit.position) this.#culprit = null;
    if (position >= this.#until) this.#limit = Infinity;
  }
}
