import type { Semaphore } from "./define-semaphore.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What holds the handler of one event back, in all processes together. */
export interface HandlerLimits {
  readonly rateLimit?: RateLimit;
  /** The handler runs while it has a permit of each. */
  readonly semaphores?: readonly Semaphore[];
}
