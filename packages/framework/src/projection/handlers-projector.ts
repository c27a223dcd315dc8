import type { Kysely } from "kysely";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import type { Lease } from "../subscription/lease-store.ts";
import type { SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { HandlersProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import type { ProjectionStore } from "./projection-store.ts";

interface Step {
  readonly event: RecordedEvent;
  readonly attempt: number;
}

/** Events that one transaction handles at most: a failure runs them again one by one. */
const maxBatch = 500;

/** Feeds a projection of the handlers form: the events of a batch, in order, in one transaction. */
export class HandlersProjector implements SubscriptionConsumer {
  readonly #options: HandlersProjectorOptions;
  readonly #steps: Step[] = [];
  #lease: Lease | null = null;
  #signal: AbortSignal | null = null;

  constructor(options: HandlersProjectorOptions) {
    this.#options = options;
  }

  begin(lease: Lease, _checkpoint: Checkpoint, signal: AbortSignal): void {
    this.#lease = lease;
    this.#signal = signal;
    this.#steps.length = 0;
  }

  get full(): boolean {
    return this.#steps.length >= maxBatch;
  }

  async apply(events: readonly StoredEvent[], attempt: number): Promise<void> {
    const { serializer, eventStore } = this.#options;
    await serializer.prepare(events, (sha256) => eventStore.schema(sha256));
    for (const [index, stored] of events.entries()) {
      try {
        for (const event of serializer.decode(stored)) {
          this.#steps.push({ event, attempt: index === 0 ? attempt : 1 });
        }
      } catch (error) {
        throw new EventFailure(stored.position, error);
      }
    }
  }

  async flush(checkpoint: Checkpoint, events: number): Promise<void> {
    const { store, build, handlerTimeoutMs } = this.#options;
    const [lease, closing] = [this.#lease, this.#signal];
    if (lease === null || closing === null) return;
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
        { lease, checkpoint, events },
        { timeoutMs: handlerTimeoutMs, signal: batch.signal },
      );
    } finally {
      closing.removeEventListener("abort", stop);
    }
    this.#steps.length = 0;
  }

  async #handle(
    tx: Kysely<unknown>,
    { event, attempt }: Step,
    lease: Lease,
    batch: AbortController,
  ): Promise<void> {
    const { projection, build, handlerTimeoutMs, logger } = this.#options;
    const { signal } = batch;
    const timer = setTimeout(
      () => batch.abort(new EventFailure(event.position, timeOut(event, handlerTimeoutMs))),
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
      throw new EventFailure(event.position, error);
    } finally {
      clearTimeout(timer);
      dispose();
    }
  }
}

export interface HandlersProjectorOptions {
  readonly projection: HandlersProjection;
  readonly build: Build;
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
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
