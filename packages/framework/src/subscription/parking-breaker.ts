import type { Sequence } from "./sequence.ts";

export interface ParkingLimits {
  /** Sequences of a partition that may stand still. Default 100. */
  readonly maxParkedSequences: number;
  /** Part of the sequences, 0 to 1, that may fail within a minute. Default 0.2. */
  readonly maxFailingShare: number;
}

export const defaultParkingLimits: ParkingLimits = { maxParkedSequences: 100, maxFailingShare: 0.2 };

const windowMs = 60_000;

/** With fewer failures no share is computed: one failure of three sequences says nothing. */
const leastFailures = 5;

/**
 * Stands against parking everything: when many sequences fail, something else than an event is wrong, and the
 * partition waits for a person instead.
 */
export class ParkingBreaker {
  readonly #limits: ParkingLimits;
  readonly #now: () => number;
  readonly #failed = new Map<Sequence, number>();
  readonly #handled = new Set<Sequence>();
  #since = 0;

  constructor(limits: ParkingLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Whether the breaker wants to know of sequences that are handled: for a minute after each failure. */
  get watching(): boolean {
    if (this.#failed.size === 0) return false;
    this.#forget();
    return this.#failed.size > 0 && this.#handled.size < this.#enough;
  }

  handled(sequence: Sequence): void {
    this.#handled.add(sequence);
  }

  /**
   * A sequence has failed for good.
   *
   * @param parked sequences of the partition that stand still already
   * @returns why it must not be parked, or `null`.
   */
  refusal(sequence: Sequence, parked: number): string | null {
    this.#forget();
    if (this.#failed.size === 0) this.#since = this.#now();
    this.#failed.set(sequence, this.#now());
    this.#handled.delete(sequence);
    const { maxParkedSequences, maxFailingShare } = this.#limits;
    if (parked >= maxParkedSequences)
      return `${parked} sequences are parked already, and ${maxParkedSequences} may be`;
    const failed = this.#failed.size;
    const share = failed / (failed + this.#handled.size);
    if (failed < leastFailures || share <= maxFailingShare) return null;
    return `${failed} of ${failed + this.#handled.size} sequences failed within a minute`;
  }

  /** Successes beyond this number cannot change an answer. */
  get #enough(): number {
    return Math.ceil(this.#limits.maxParkedSequences / Math.max(this.#limits.maxFailingShare, 0.01));
  }

  #forget(): void {
    const now = this.#now();
    for (const [sequence, at] of this.#failed) if (now - at > windowMs) this.#failed.delete(sequence);
    if (now - this.#since > windowMs) {
      this.#handled.clear();
      this.#since = now;
    }
  }
}
