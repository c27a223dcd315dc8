/** Upper bounds of the buckets, in seconds: from an append that finds the database idle to one that waits for 10 s. */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Counts durations by bucket. Taking one costs no allocation, so that every append and command can be measured. */
export class DurationHistogram {
  /** One more than there are bounds: the last one is for all that took longer. */
  readonly #counts = new Float64Array(durationBounds.length + 1);
  #sum = 0;
  #count = 0;

  /** In seconds. */
  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#count;
  }

  /** How many took at most so many seconds, for each bound. */
  get cumulative(): readonly number[] {
    let below = 0;
    return durationBounds.map((_, index) => {
      below += this.#counts[index] ?? 0;
      return below;
    });
  }

  /** @param startedAt as `performance.now()` said */
  ended(startedAt: number, now: number = performance.now()): void {
    const seconds = Math.max(0, now - startedAt) / 1_000;
    let bucket = 0;
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
    this.#count += 1;
  }
}
