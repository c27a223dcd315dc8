import type { SubscriptionDefinition } from "../define-subscription.ts";
import type { Permit, PermitKeeper } from "./permit-keeper.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** What an event must pass. */
interface Gates {
  /** In the order of their names, so that two that need the same never wait for each other. */
  readonly semaphores: readonly string[];
  readonly limiters: readonly RateLimiter[];
}

/** What holds the handlers of one subscription back. */
export class SubscriptionLimits {
  readonly #permits: PermitKeeper;
  readonly #gates: ReadonlyMap<string, Gates>;

  constructor(options: {
    readonly definition: SubscriptionDefinition;
    readonly permits: PermitKeeper;
    /** The limiter of a name and rate: the same for the same name. */
    readonly limiter: (name: string, limit: NonNullable<SubscriptionDefinition["rateLimit"]>) => RateLimiter;
  }) {
    const { definition, permits, limiter } = options;
    this.#permits = permits;
    const name = `subscription:${definition.name}`;
    const whole = definition.rateLimit === null ? [] : [limiter(name, definition.rateLimit)];
    this.#gates = new Map(
      definition.events.map(({ type }) => {
        const own = definition.limits[type] ?? {};
        const semaphores = [...definition.semaphores, ...(own.semaphores ?? [])];
        const single = own.rateLimit === undefined ? [] : [limiter(`${name}/${type}`, own.rateLimit)];
        // The rate of the handler comes first: of the two it makes wait longer, and nobody waits for it.
        const limiters = [...single, ...whole];
        return [type, { limiters, semaphores: [...new Set(semaphores.map((one) => one.name))].toSorted() }];
      }),
    );
  }

  /**
   * Waits until a handler of this event may begin. The batch aborts when a permit is lost meanwhile. Call what is
   * returned when the handler has ended.
   *
   * @throws the batch's reason; TidemarkError `store-unavailable`.
   */
  async enter(type: string, batch: AbortController): Promise<() => void> {
    const { semaphores = [], limiters = [] } = this.#gates.get(type) ?? {};
    const held: Permit[] = [];
    const revoke = (): void => batch.abort(held.find((permit) => permit.signal.aborted)?.signal.reason);
    const leave = (): void => {
      for (const { signal, release } of held) {
        signal.removeEventListener("abort", revoke);
        release();
      }
    };
    try {
      for (const semaphore of semaphores) {
        const permit = await this.#permits.acquire(semaphore, batch.signal);
        held.push(permit);
        permit.signal.addEventListener("abort", revoke, { once: true });
      }
      // Last, because a call that was let pass should begin now.
      for (const limiter of limiters) await limiter.acquire(batch.signal);
      batch.signal.throwIfAborted();
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }
}
