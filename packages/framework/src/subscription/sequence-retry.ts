import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { DeadLetterStore, ParkedSequence } from "./dead-letter-store.ts";
import { EventFailure } from "./event-failure.ts";
import type { SubscriptionConsumer, ConsumerContext } from "./subscription-consumer.ts";

/** Dead letters that one step takes at a time: memory stays flat, however many wait, and other sequences go on between. */
const lettersAStep = 500;

export interface SequenceRetryOptions {
  readonly eventStore: EventStore;
  readonly deadLetters: DeadLetterStore;
  readonly consumer: SubscriptionConsumer;
  readonly context: ConsumerContext;
  /** Most events that are applied before they are flushed. */
  readonly flushEvents: number;
}

/**
 * Does what an operator asks for a parked sequence, a step at a time, under the lease of its partition: live events of
 * the sequence queue behind it until nothing waits any more.
 */
export class SequenceRetry {
  readonly #options: SequenceRetryOptions;

  constructor(options: SequenceRetryOptions) {
    this.#options = options;
  }

  /** Everything that was applied must be flushed before. The checkpoint stays where it is. */
  async step(parked: ParkedSequence, checkpoint: Checkpoint): Promise<void> {
    const { deadLetters, context } = this.#options;
    const { sequence, request } = parked;
    const limit = Math.min(lettersAStep, this.#options.flushEvents);
    const letters = await deadLetters.letters(parked, { limit });
    const positions = letters.map(({ position }) => position);
    const done = letters.length < limit;
    if (request?.kind === "discard") {
      await deadLetters.discard(context.lease, { sequence, positions, done });
      if (done) context.parked.release(sequence);
      return;
    }
    const failure = await this.#handle(parked, positions, done, checkpoint);
    if (failure !== null) await deadLetters.retryFailed(context.lease, sequence, failure.message);
    else if (done) context.parked.release(sequence);
  }

  /** Handles the letters in order, as many as it can; the failure of the first that it cannot. */
  async #handle(
    { sequence, attempts }: ParkedSequence,
    positions: readonly bigint[],
    done: boolean,
    checkpoint: Checkpoint,
  ): Promise<EventFailure | null> {
    const { eventStore, consumer, context } = this.#options;
    const { signal } = context;
    const events = await eventStore.eventsAt(positions, { signal });
    if (events.length < positions.length) {
      return new EventFailure(
        positions[0] ?? null,
        new Error("the log does not have all of its events any more"),
      );
    }
    const commit = async (from: number, to: number): Promise<EventFailure | null> => {
      try {
        await consumer.retry(sequence, events.slice(from, to), attempts + 1);
        await consumer.flush({
          checkpoint,
          events: to - from,
          released: { sequence, positions: positions.slice(from, to), done: done && to === positions.length },
        });
        context.parked.committed(context.lease.subscription, context.lease.partition);
        return null;
      } catch (error) {
        context.parked.reset();
        consumer.begin(context, checkpoint);
        if (error instanceof EventFailure) return error;
        throw error;
      }
    };
    if ((await commit(0, positions.length)) === null) return null;
    for (let index = 0; index < positions.length; index += 1) {
      signal.throwIfAborted();
      const failure = await commit(index, index + 1);
      if (failure !== null) return failure;
    }
    return null;
  }
}
