import type { StoredEvent } from "../event/stored-event.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Lease } from "./lease-store.ts";

/**
 * What a subscription feeds. Events are first applied, in memory, and then flushed: their effect and the checkpoint
 * are committed in one transaction that the lease's fencing token guards.
 */
export interface SubscriptionConsumer {
  /** Forgets whatever is not flushed. Called before the first event and after each failure. */
  begin(lease: Lease, checkpoint: Checkpoint, signal: AbortSignal): void;

  /**
   * Takes events, in order. `attempt` is that of the first one.
   *
   * @throws EventFailure naming the event at fault; anything else counts as infrastructure.
   */
  apply(events: readonly StoredEvent[], attempt: number): Promise<void>;

  /** Memory is used up: flush before the next `apply`. */
  readonly full: boolean;

  /**
   * Commits what was applied since the last flush, `events` in number, with the checkpoint.
   *
   * @throws EventFailure when the effect is refused; TidemarkError `lease-lost`; anything else counts as
   * infrastructure, with an unknown outcome.
   */
  flush(checkpoint: Checkpoint, events: number): Promise<void>;
}
