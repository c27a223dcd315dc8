import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { EventFailure } from "./event-failure.ts";
import { contains, isWhole, type Partition } from "./partition.ts";
import { keySequence, streamSequence, type Sequence } from "./sequence.ts";
import type { ConsumerContext } from "./subscription-consumer.ts";

/** One call of a handler. */
export interface HandlerStep {
  readonly event: RecordedEvent;
  readonly stored: StoredEvent;
  readonly sequence: Sequence;
  readonly attempt: number;
}

export interface HandlerStepsOptions {
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly partition: Partition;
  /** The key that must be handled in order; `null`: the stream. */
  readonly partitionOf: ((event: RecordedEvent) => string) | null;
  /** A larger event is not decoded, and fails. Default: no limit. */
  readonly maxMessageBytes?: number;
}

/** Turns stored events into calls of handlers, and leaves out what is parked or belongs to another partition. */
export class HandlerSteps {
  readonly #options: HandlerStepsOptions;

  constructor(options: HandlerStepsOptions) {
    this.#options = options;
  }

  /** @param attempt of the first event */
  async take(
    events: readonly StoredEvent[],
    attempt: number,
    { parked, breaker }: ConsumerContext,
  ): Promise<readonly HandlerStep[]> {
    await this.#prepare(events);
    const taken: HandlerStep[] = [];
    for (const [index, stored] of events.entries()) {
      const stream = streamSequence(stored.streamId);
      if (!parked.none && parked.holds(stream, stored.position)) {
        parked.add(stream, stored);
        continue;
      }
      const steps = this.#stepsOf(stored, index === 0 ? attempt : 1);
      const sequence = steps[0]?.sequence;
      if (sequence === undefined) continue;
      if (!parked.none && parked.holds(sequence, stored.position)) {
        parked.add(sequence, stored);
        continue;
      }
      taken.push(...steps);
      if (breaker.watching) breaker.handled(sequence);
    }
    return taken;
  }

  /** Events that waited in a parked sequence. */
  async takeParked(events: readonly StoredEvent[], attempt: number): Promise<readonly HandlerStep[]> {
    await this.#prepare(events);
    return events.flatMap((stored) => this.#stepsOf(stored, attempt));
  }

  async #prepare(events: readonly StoredEvent[]): Promise<void> {
    const { serializer, eventStore } = this.#options;
    await serializer.prepare(events, (sha256) => eventStore.schema(sha256));
  }

  /** An event with everything that its upcaster makes of it; nothing when it belongs to another partition. */
  #stepsOf(stored: StoredEvent, attempt: number): HandlerStep[] {
    const { serializer, partition, partitionOf, maxMessageBytes = Infinity } = this.#options;
    const stream = streamSequence(stored.streamId);
    try {
      checkSize(stored, maxMessageBytes);
      const decoded = serializer.decode(stored);
      const [first] = decoded;
      if (first === undefined) return [];
      const key = partitionOf?.(first) ?? null;
      if (!isWhole(partition) && !contains(partition, key ?? stored.streamId)) return [];
      const sequence = key === null ? stream : keySequence(key);
      return decoded.map((event) => ({ event, stored, sequence, attempt }));
    } catch (error) {
      throw new EventFailure(stored.position, error, { sequences: [stream], retryable: false });
    }
  }
}

function checkSize({ data, meta }: StoredEvent, most: number): void {
  const bytes = data.length + meta.length;
  if (bytes <= most) return;
  throw new Error(
    `The event has ${bytes} bytes, and this subscription takes ${most} at most: ` +
      "raise its maxMessageBytes and retry, or discard the event.",
  );
}

/** The failure of one step. */
export function stepFailure({ event, sequence }: HandlerStep, cause: unknown): EventFailure {
  return new EventFailure(event.position, cause, { sequences: [sequence] });
}
