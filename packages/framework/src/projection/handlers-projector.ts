import type { Kysely } from "kysely";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import { HandlerSteps, stepFailure, type HandlerStep } from "../subscription/handler-steps.ts";
import { withTimeout } from "../subscription/handler-timeout.ts";
import type { Lease } from "../subscription/lease-store.ts";
import type { Partition } from "../subscription/partition.ts";
import type { Sequence } from "../subscription/sequence.ts";
import type { ConsumerContext, Flush, SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { HandlersProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import { HandlerBudget } from "./handler-budget.ts";
import type { ProjectionStore } from "./projection-store.ts";

export interface HandlersProjectorOptions {
  readonly projection: HandlersProjection;
  readonly build: Build;
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly partition: Partition;
  /** Milliseconds that one handler has for one event. */
  readonly handlerTimeoutMs: number;
  /** Bytes that one handler may send for one event. */
  readonly maxHandlerBytes: number;
  readonly logger: Logger;
}

/** Events that one transaction handles at most: a failure runs them again one by one. */
const maxBatch = 500;

/** Feeds a projection of the handlers form: the events of a batch, in order, in one transaction. */
export class HandlersProjector implements SubscriptionConsumer {
  readonly #options: HandlersProjectorOptions;
  readonly #incoming: HandlerSteps;
  readonly #steps: HandlerStep[] = [];
  readonly #budget: HandlerBudget;
  #context: ConsumerContext | null = null;

  constructor(options: HandlersProjectorOptions) {
    this.#options = options;
    this.#budget = new HandlerBudget(options.maxHandlerBytes);
    this.#incoming = new HandlerSteps({ ...options, partitionOf: options.projection.partitionOf });
  }

  begin(context: ConsumerContext): void {
    this.#context = context;
    this.#steps.length = 0;
  }

  get full(): boolean {
    return this.#steps.length >= maxBatch;
  }

  async apply(events: readonly StoredEvent[], attempt: number): Promise<void> {
    this.#steps.push(...(await this.#incoming.take(events, attempt, this.#owned())));
  }

  async retry(_sequence: Sequence, events: readonly StoredEvent[], attempt: number): Promise<void> {
    this.#steps.push(...(await this.#incoming.takeParked(events, attempt)));
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
        { timeoutMs: handlerTimeoutMs, signal: batch.signal, budget: this.#budget },
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

  async #handle(tx: Kysely<unknown>, step: HandlerStep, lease: Lease, batch: AbortController): Promise<void> {
    const { projection, build, handlerTimeoutMs, logger } = this.#options;
    const { event, attempt } = step;
    const { signal } = batch;
    this.#budget.renew();
    try {
      await withTimeout(step, handlerTimeoutMs, batch, () =>
        projection.handle(tx, event, {
          projection: projection.name,
          version: projection.version,
          partition: lease.partition,
          fencingToken: lease.fencingToken,
          attempt,
          replaying: event.position <= build.target,
          recordedAt: event.recordedAt,
          signal,
          logger,
        }),
      );
      this.#budget.check();
    } catch (error) {
      if (signal.aborted || isInfrastructureError(error)) throw error;
      throw stepFailure(step, error);
    }
  }

  #owned(): ConsumerContext {
    if (this.#context === null) throw new Error("the projector has not begun");
    return this.#context;
  }
}
