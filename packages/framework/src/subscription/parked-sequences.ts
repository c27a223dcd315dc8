import type { StoredEvent } from "../event/stored-event.ts";
import type { DeadLetter, ParkedSequence } from "./dead-letter-store.ts";
import type { Sequence } from "./sequence.ts";

interface Condemned {
  /** The event that cannot be handled: from here on the sequence stands still. */
  readonly position: bigint;
  readonly error: string;
  readonly attempts: number;
}

/**
 * The parked sequences of one partition in its owner's memory, so that the happy path asks nobody. Letters are
 * collected while events are applied and count once their flush is committed.
 */
export class ParkedSequences {
  #stored = new Map<Sequence, ParkedSequence>();
  readonly #condemned = new Map<Sequence, Condemned>();
  #letters: DeadLetter[] = [];

  /** What the store says. */
  load(sequences: readonly ParkedSequence[]): void {
    this.#stored = new Map(sequences.map((parked) => [parked.sequence, parked]));
  }

  /** Whether nothing stands still: then nothing needs to be asked for an event. */
  get none(): boolean {
    return this.#stored.size === 0 && this.#condemned.size === 0;
  }

  /** Sequences that stand still or are about to. */
  get size(): number {
    return this.#stored.size + this.#condemned.size;
  }

  /** The next sequence that an operator wants retried or discarded. */
  get requested(): ParkedSequence | null {
    for (const parked of this.#stored.values()) if (parked.request !== null) return parked;
    return null;
  }

  /** From this event on the sequence is parked as soon as it is reached. */
  condemn(sequence: Sequence, condemned: Condemned): void {
    if (!this.#stored.has(sequence)) this.#condemned.set(sequence, condemned);
  }

  /** Whether an event of this sequence waits instead of being handled. */
  holds(sequence: Sequence, position: bigint): boolean {
    if (this.#stored.has(sequence)) return true;
    const condemned = this.#condemned.get(sequence);
    return condemned !== undefined && condemned.position <= position;
  }

  /** Puts an event into a sequence that holds it. */
  add(sequence: Sequence, { position, eventId }: StoredEvent): void {
    const condemned = this.#condemned.get(sequence);
    const failure =
      condemned?.position === position ? { error: condemned.error, attempts: condemned.attempts } : null;
    this.#letters.push({ sequence, position, eventId, failure });
  }

  /** Of the events that are applied and not committed. */
  get letters(): readonly DeadLetter[] {
    return this.#letters;
  }

  /** What was applied is forgotten. */
  reset(): void {
    this.#letters = [];
  }

  /** The letters are stored, those up to `upTo` when it is given. */
  committed(subscription: string, partition: number, upTo: bigint | null = null): void {
    if (this.#letters.length === 0) return;
    for (const { sequence, failure, position } of this.#letters) {
      if (failure === null || (upTo !== null && position > upTo)) continue;
      this.#condemned.delete(sequence);
      const now = new Date();
      const parked = { subscription, partition, sequence, request: null, parkedAt: now, failedAt: now };
      this.#stored.set(sequence, { ...parked, ...failure });
    }
    this.#letters = [];
  }

  /** A sequence is handled again. */
  release(sequence: Sequence): void {
    this.#stored.delete(sequence);
  }
}
