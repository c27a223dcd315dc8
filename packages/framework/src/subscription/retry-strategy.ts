/** How often and when an event that fails is tried again. */
export interface RetryStrategy {
  /** Attempts before the event counts as poisonous. */
  readonly steps: number;
  /** Milliseconds before the second attempt. */
  readonly duration: number;
  /** The wait grows by this factor with each attempt. */
  readonly factor: number;
  /** Part of the wait, 0 to 1, that is random: failures that came together do not return together. */
  readonly jitter: number;
  /** Milliseconds that a wait has at most. */
  readonly cap: number;
}

export const defaultRetryStrategy: RetryStrategy = {
  steps: 5,
  duration: 100,
  factor: 3,
  jitter: 0.2,
  cap: 30_000,
};

/** For what heals by itself, such as a database that restarts: quick at first, then at least once in five seconds. */
export const infrastructureRetry: RetryStrategy = {
  steps: Infinity,
  duration: 50,
  factor: 2,
  jitter: 0.3,
  cap: 5_000,
};

/** Milliseconds to wait after the `attempt`-th failure in a row (from 1). */
export function retryDelay(
  strategy: RetryStrategy,
  attempt: number,
  random: () => number = Math.random,
): number {
  const { duration, factor, jitter, cap } = strategy;
  const exact = Math.min(cap, duration * factor ** Math.min(attempt - 1, 1_000));
  return exact * (1 - jitter * random());
}
