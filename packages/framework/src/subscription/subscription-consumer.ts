import type { StoredEvent } from "../event/stored-event.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { ReleasedLetters } from "./dead-letter-store.ts";
import type { Lease } from "./lease-store.ts";
import type { ParkedSequences } from "./parked-sequences.ts";
import type { ParkingBreaker } from "./parking-breaker.ts";
import type { Sequence } from "./sequence.ts";

/** What a consumer works with while its partition is owned. */
export interface ConsumerContext {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Events of these sequences are added to them instead of being handled. */
  readonly parked: ParkedSequences;
  readonly breaker: ParkingBreaker;
}

/** The end of what was applied, and what is committed with it. */
export interface Flush {
  readonly checkpoint: Checkpoint;
  /** Applied since the last flush. */
  readonly events: number;
  /** Dead letters that `retry` has handled. */
  readonly released: ReleasedLetters | null;
}

/**
 * What a subscription feeds. Events are first applied, in memory, and then flushed: their effect, the dead letters and
 * the checkpoint are committed in one transaction that the lease's fencing token guards.
 */
export interface SubscriptionConsumer {
  /** Forgets whatever is not flushed. Called before the first event and after each failure. */
  begin(context: ConsumerContext, checkpoint: Checkpoint): void;

  /**
   * Takes events, in order. `attempt` is that of the first one.
   *
   * @throws EventFailure naming the event at fault and its sequences; anything else counts as infrastructure.
   */
  apply(events: readonly StoredEvent[], attempt: number): Promise<void>;

  /** Takes events that waited in a parked sequence, for this sequence only. Like `apply` otherwise. */
  retry(sequence: Sequence, events: readonly StoredEvent[], attempt: number): Promise<void>;

  /** Memory is used up: flush before the next `apply`. */
  readonly full: boolean;

  /**
   * Commits what was applied since the last flush.
   *
   * @throws EventFailure when the effect is refused, with the sequences that it touches; TidemarkError `lease-lost`;
   * anything else counts as infrastructure, with an unknown outcome.
   */
  flush(flush: Flush): Promise<void>;
}
