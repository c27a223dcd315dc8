/** Choices that depend on nothing but a seed: a round that failed can choose the same again. */
export class SeededRandom {
  constructor(seed: number);
  /** From 0 to 1, exclusive. */
  next(): number;
  /** A whole number from 0, below the limit. */
  below(limit: number): number;
  chance(probability: number): boolean;
}
