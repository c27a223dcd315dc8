import type { Checkpoint } from "./checkpoint.ts";
import type { Sequence } from "./sequence.ts";

interface EventFailureOptions {
  /** The sequences that cannot go on because of it; none while nobody knows which event is at fault. */
  readonly sequences?: readonly Sequence[];
  /** Whether another attempt may end differently: false for a pure function. Default true. */
  readonly retryable?: boolean;
  /** What was done before it is stored up to here. */
  readonly committed?: Checkpoint | null;
}

/** An event could not be handled: its handler threw or ran out of time, or what it wrote was refused. */
export class EventFailure extends Error {
  override readonly name = "EventFailure";
  /** Of the event; `null` when it is one of those being committed and nobody knows which. */
  readonly position: bigint | null;
  readonly sequences: readonly Sequence[];
  readonly retryable: boolean;
  readonly committed: Checkpoint | null;

  constructor(position: bigint | null, cause: unknown, options: EventFailureOptions = {}) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.position = position;
    this.sequences = options.sequences ?? [];
    this.retryable = options.retryable ?? true;
    this.committed = options.committed ?? null;
  }

  /** The same failure, when everything before it is stored. */
  behind(committed: Checkpoint): EventFailure {
    const { sequences, retryable } = this;
    return new EventFailure(this.position, this.cause, { sequences, retryable, committed });
  }
}
