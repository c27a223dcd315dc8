/** Rate of a growing number over the last few seconds. */
export class RateMeter {
  readonly #windowMs: number;
  readonly #samples: { readonly at: number; readonly value: number }[] = [];

  constructor(windowMs = 5_000) {
    this.#windowMs = windowMs;
  }

  /** Takes a sample and answers the rate per second, 0 until there are two. */
  measure(value: number, now: number = performance.now()): number {
    this.#samples.push({ at: now, value });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) >= this.#windowMs)
      this.#samples.shift();
    const [first] = this.#samples;
    if (first === undefined || now <= first.at) return 0;
    return Math.max(0, ((value - first.value) * 1_000) / (now - first.at));
  }
}
