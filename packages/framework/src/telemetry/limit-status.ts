/** How far the limits that all processes share are used up. */
export interface LimitStatus {
  readonly semaphores: readonly SemaphoreStatus[];
  readonly rateLimits: readonly RateLimitStatus[];
}

export interface SemaphoreStatus {
  readonly name: string;
  readonly permits: number;
  /** Permits that handlers have. */
  readonly taken: number;
  /** Handlers that wait for one. */
  readonly waiting: number;
}

export interface RateLimitStatus {
  readonly name: string;
  /** Until a call that is asked for now may go out; 0 while the limit holds nothing up. */
  readonly waitSeconds: number;
}

export const noLimits: LimitStatus = { semaphores: [], rateLimits: [] };
