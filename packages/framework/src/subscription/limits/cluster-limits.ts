import { TidemarkError } from "../../errors.ts";
import type { SubscriptionDefinition } from "../define-subscription.ts";
import type { Semaphore } from "./define-semaphore.ts";
import { PermitKeeper, type PermitKeeperOptions } from "./permit-keeper.ts";
import { intervalOf } from "./rate-limit.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { SubscriptionLimits } from "./subscription-limits.ts";

/** This process's part of the limits that all processes keep together. */
export class ClusterLimits {
  readonly #options: PermitKeeperOptions;
  readonly #semaphores: readonly Semaphore[];
  readonly #permits: PermitKeeper;
  readonly #limiters = new Map<string, RateLimiter>();

  /** @throws TidemarkError `definition-invalid` when two semaphores of one name have different permits. */
  constructor(options: PermitKeeperOptions & { readonly definitions: readonly SubscriptionDefinition[] }) {
    this.#options = options;
    this.#semaphores = semaphoresOf(options.definitions);
    this.#permits = new PermitKeeper(options);
  }

  /** Makes the semaphores known. */
  async start(): Promise<void> {
    if (this.#semaphores.length > 0) await this.#options.store.declare(this.#semaphores);
  }

  /** What holds a subscription back; `null` when nothing does. */
  of(definition: SubscriptionDefinition): SubscriptionLimits | null {
    if (!isLimited(definition)) return null;
    return new SubscriptionLimits({
      definition,
      permits: this.#permits,
      limiter: (name, limit) => {
        const known = this.#limiters.get(name);
        if (known !== undefined) return known;
        const made = new RateLimiter({ store: this.#options.store, name, intervalMs: intervalOf(limit) });
        this.#limiters.set(name, made);
        return made;
      },
    });
  }

  /** Somewhere a permit of this semaphore was given back. */
  freed(semaphore: string): void {
    this.#permits.freed(semaphore);
  }

  /** Gives every permit back. Whoever waits must have been aborted before. */
  async close(): Promise<void> {
    await this.#permits.close();
  }
}

function isLimited({ rateLimit, semaphores, limits }: SubscriptionDefinition): boolean {
  return rateLimit !== null || semaphores.length > 0 || Object.keys(limits).length > 0;
}

function semaphoresOf(definitions: readonly SubscriptionDefinition[]): readonly Semaphore[] {
  const known = new Map<string, Semaphore>();
  for (const { semaphores, limits } of definitions) {
    const all = [...semaphores, ...Object.values(limits).flatMap((own) => own.semaphores ?? [])];
    for (const semaphore of all) {
      const { name, permits } = known.get(semaphore.name) ?? semaphore;
      known.set(name, semaphore);
      if (permits === semaphore.permits) continue;
      throw new TidemarkError(
        "definition-invalid",
        `The semaphore ${name} has ${permits} permits in one place and ${semaphore.permits} in another: define it once.`,
      );
    }
  }
  return [...known.values()];
}
