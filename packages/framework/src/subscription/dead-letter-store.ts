import type { Lease } from "./lease-store.ts";
import type { Sequence } from "./sequence.ts";

/** An event that was passed without being handled, and waits in its sequence. */
export interface DeadLetter {
  readonly sequence: Sequence;
  readonly position: bigint;
  readonly eventId: string;
  /** Of the event that failed; `null` for those that only wait behind it. */
  readonly failure: { readonly error: string; readonly attempts: number } | null;
}

/** What an operator asks the owner of a sequence to do. */
export type SequenceRequest =
  | { readonly kind: "retry" }
  | { readonly kind: "discard"; readonly reason: string; readonly requestedBy: string };

/** A sequence that stands still. */
export interface ParkedSequence {
  readonly subscription: string;
  readonly partition: number;
  readonly sequence: Sequence;
  /** How often its first event has failed, retries included. */
  readonly attempts: number;
  readonly error: string;
  readonly request: SequenceRequest | null;
  readonly parkedAt: Date;
  /** When it failed last. */
  readonly failedAt: Date;
}

/** With what waits in it. */
export interface ParkedSequenceSummary extends ParkedSequence {
  readonly events: bigint;
  readonly firstPosition: bigint;
  readonly lastPosition: bigint;
}

/** An event that was given up, and will not be handled. */
export interface DiscardedLetter {
  readonly subscription: string;
  readonly sequence: Sequence;
  readonly position: bigint;
  readonly eventId: string;
  /** Why it was parked. */
  readonly error: string;
  readonly discardedBy: string;
  readonly reason: string;
  readonly discardedAt: Date;
}

/** Names one sequence of one partition. */
export type SequenceIdentity = Pick<ParkedSequence, "subscription" | "partition" | "sequence">;

/** Dead letters to take out of a sequence: handled at last, or discarded. */
export interface ReleasedLetters {
  readonly sequence: Sequence;
  readonly positions: readonly bigint[];
  /** Nothing is left: events of the sequence are handled again. */
  readonly done: boolean;
}

/** What a commit does to the dead letters of its partition. */
export interface LetterChanges {
  readonly parked: readonly DeadLetter[];
  readonly released: ReleasedLetters | null;
}

/**
 * Dead letters by sequence. Only the owner of a partition's lease changes them, in transactions that its fencing token
 * guards; anyone may list them, and ask the owner for a retry or a discard.
 */
export interface DeadLetterStore {
  /** The sequences of a partition that stand still. */
  parked(subscription: string, partition: number): Promise<readonly ParkedSequence[]>;

  /** The first dead letters of a sequence, oldest first. */
  letters(
    identity: SequenceIdentity,
    options: { readonly after?: bigint; readonly limit: number },
  ): Promise<readonly Pick<DeadLetter, "position" | "eventId">[]>;

  /**
   * A retry failed again: the sequence stays, with what went wrong now.
   *
   * @throws TidemarkError `lease-lost`.
   */
  retryFailed(lease: Lease, sequence: Sequence, error: string): Promise<void>;

  /**
   * Moves dead letters to where discarded ones are kept.
   *
   * @throws TidemarkError `lease-lost`.
   */
  discard(lease: Lease, released: ReleasedLetters): Promise<void>;

  /** Sequences that stand still, of these subscriptions, the oldest first. */
  summaries(
    subscriptions: readonly string[],
    options?: { readonly limit?: number; readonly sequence?: Sequence },
  ): Promise<readonly ParkedSequenceSummary[]>;

  /** What was given up, of these subscriptions, the newest first. */
  discarded(
    subscriptions: readonly string[],
    options: { readonly limit: number },
  ): Promise<readonly DiscardedLetter[]>;

  /** Asks the owners; without a sequence for all of the subscription. Returns how many sequences are asked for. */
  request(subscription: string, sequence: Sequence | null, request: SequenceRequest): Promise<number>;
}
