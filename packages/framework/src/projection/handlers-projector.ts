import type { Kysely } from "kysely";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import type { Lease } from "../subscription/lease-store.ts";
import { contains, isWhole, type Partition } from "../subscription/partition.ts";
import { keySequence, streamSequence, type Sequence } from "../subscription/sequence.ts";
import type { ConsumerContext, Flush, SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { HandlersProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import type { ProjectionStore } from "./projection-store.ts";

interface Step {
  readonly event: RecordedEvent;
  readonly sequence: Sequence;
  readonly attempt: number;
}

/** Events that one transaction handles at most: a failure runs them again one by one. */
const maxBatch = 500;

/** Feeds a projection of the handlers form: the events of a batch, in order, in one transaction. */
export class HandlersProjector implements SubscriptionConsumer {
  readonly #options: HandlersProjectorOptions;
  readonly #steps: Step[] = [];
  #context: ConsumerContext | null = null;

  constructor(options: HandlersProjectorOptions) {
    this.#options = options;
  }

  begin(context: ConsumerContext): void {
    this.#context = context;
    this.#steps.length = 0;
  }

  get full(): boolean {
    return this.#steps.length >= maxBatch;
  }

  async apply(events: readonly StoredEvent[], attempt: number): Promise<void> {
    const { parked, breaker } = this.#owned();
    await this.#prepare(events);
    for (const [index, stored] of events.entries()) {
      const stream = streamSequence(stored.streamId);
      if (!parked.none && parked.holds(stream, stored.position)) {
        parked.add(stream, stored);
        continue;
      }
      const steps = this.#stepsOf(stored, index === 0 ? attempt : 1);
      const [sequence] = steps.map((step) => step.sequence);
      if (sequence !== undefined && !parked.none && parked.holds(sequence, stored.position)) {
        parked.add(sequence, stored);
        continue;
      }
      this.#steps.push(...steps);
      if (sequence !== undefined && breaker.watching) breaker.handled(sequence);
    }
  }

  async retry(_sequence: Sequence, events: readonly StoredEvent[], attempt: number): Promise<void> {
    await this.#prepare(events);
    for (const stored of events) this.#steps.push(...this.#stepsOf(stored, attempt));
  }

  async flush({ checkpoint, events, released }: Flush): Promise<void> {
    const { store, build, handlerTimeoutMs } = this.#options;
    const { lease, signal: closing, parked } = this.#owned();
    closing.throwIfAborted();
    const batch = new AbortController();
    const stop = (): void => batch.abort(closing.reason);
    closing.addEventListener("abort", stop, { once: true });
    try {
      await store.commitHandlers(
        build,
        async (tx) => {
          for (const step of this.#steps) await this.#handle(tx, step, lease, batch);
        },
        { lease, checkpoint, events, letters: { parked: parked.letters, released } },
        { timeoutMs: handlerTimeoutMs, signal: batch.signal },
      );
    } catch (error) {
      if (!(error instanceof EventFailure) || error.position !== null) throw error;
      // Refused at the commit, a deferred constraint for example: whichever of them it was.
      const sequences = [...new Set(this.#steps.map(({ sequence }) => sequence))];
      throw new EventFailure(null, error.cause, { sequences });
    } finally {
      closing.removeEventListener("abort", stop);
    }
    this.#steps.length = 0;
  }

  async #prepare(events: readonly StoredEvent[]): Promise<void> {
    const { serializer, eventStore } = this.#options;
    await serializer.prepare(events, (sha256) => eventStore.schema(sha256));
  }

  /** An event with everything that its upcaster makes of it; nothing when it belongs to another partition. */
  #stepsOf(stored: StoredEvent, attempt: number): Step[] {
    const { projection, serializer, partition } = this.#options;
    const stream = streamSequence(stored.streamId);
    try {
      const decoded = serializer.decode(stored);
      const [first] = decoded;
      if (first === undefined) return [];
      const key = projection.partitionOf?.(first) ?? null;
      if (!isWhole(partition) && !contains(partition, key ?? stored.streamId)) return [];
      const sequence = key === null ? stream : keySequence(key);
      return decoded.map((event) => ({ event, sequence, attempt }));
    } catch (error) {
      throw new EventFailure(stored.position, error, { sequences: [stream], retryable: false });
    }
  }

  async #handle(
    tx: Kysely<unknown>,
    { event, sequence, attempt }: Step,
    lease: Lease,
    batch: AbortController,
  ): Promise<void> {
    const { projection, build, handlerTimeoutMs, logger } = this.#options;
    const { signal } = batch;
    const timer = setTimeout(
      () => batch.abort(this.#failed(event, sequence, timeOut(event, handlerTimeoutMs))),
      handlerTimeoutMs,
    );
    const { promise: over, dispose } = abortion(signal);
    try {
      signal.throwIfAborted();
      const handled = projection.handle(tx, event, {
        projection: projection.name,
        version: projection.version,
        partition: lease.partition,
        fencingToken: lease.fencingToken,
        attempt,
        replaying: event.position <= build.target,
        recordedAt: event.recordedAt,
        signal,
        logger,
      });
      await Promise.race([handled, over]);
    } catch (error) {
      if (signal.aborted || isInfrastructureError(error)) throw error;
      throw this.#failed(event, sequence, error);
    } finally {
      clearTimeout(timer);
      dispose();
    }
  }

  #failed({ position }: RecordedEvent, sequence: Sequence, cause: unknown): EventFailure {
    return new EventFailure(position, cause, { sequences: [sequence] });
  }

  #owned(): ConsumerContext {
    if (this.#context === null) throw new Error("the projector has not begun");
    return this.#context;
  }
}

export interface HandlersProjectorOptions {
  readonly projection: HandlersProjection;
  readonly build: Build;
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly partition: Partition;
  /** Milliseconds that one handler has for one event. */
  readonly handlerTimeoutMs: number;
  readonly logger: Logger;
}

function timeOut(event: RecordedEvent, milliseconds: number): Error {
  return new Error(
    `The handler of ${event.type} took longer than ${milliseconds} ms: make it shorter or allow more.`,
  );
}

/** A promise that rejects when the signal aborts, until it is disposed of. */
function abortion(signal: AbortSignal): { readonly promise: Promise<never>; readonly dispose: () => void } {
  let listener = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
  });
  return { promise, dispose: () => signal.removeEventListener("abort", listener) };
}
