import type { EventSerializer } from "../event/event-serializer.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { SubscriptionDefinition } from "./define-subscription.ts";
import { EventFailure } from "./event-failure.ts";
import { HandlerSteps, stepFailure, type HandlerStep } from "./handler-steps.ts";
import { withTimeout } from "./handler-timeout.ts";
import type { SubscriptionLimits } from "./limits/subscription-limits.ts";
import type { Partition } from "./partition.ts";
import type { Sequence } from "./sequence.ts";
import type { ConsumerContext, Flush, SubscriptionConsumer } from "./subscription-consumer.ts";

export interface HandlersConsumerOptions {
  readonly definition: SubscriptionDefinition;
  readonly partition: Partition;
  /** Events up to here have been handled before. */
  readonly replayUntil: bigint;
  /** What holds handlers back; `null` when nothing does. */
  readonly limits: SubscriptionLimits | null;
  readonly checkpoints: CheckpointStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly logger: Logger;
}

/**
 * Feeds handlers whose effects are outside this database, one event after the other. A failure first stores what was
 * done before it, so nothing is handled twice but what was under way.
 */
export class HandlersConsumer implements SubscriptionConsumer {
  readonly #options: HandlersConsumerOptions;
  readonly #incoming: HandlerSteps;
  readonly #steps: HandlerStep[] = [];
  #context: ConsumerContext | null = null;

  constructor(options: HandlersConsumerOptions) {
    this.#options = options;
    const { partitionOf, maxMessageBytes } = options.definition;
    this.#incoming = new HandlerSteps({ ...options, partitionOf, maxMessageBytes });
  }

  begin(context: ConsumerContext): void {
    this.#context = context;
    this.#steps.length = 0;
  }

  get full(): boolean {
    return false;
  }

  async apply(events: readonly StoredEvent[], attempt: number): Promise<void> {
    this.#steps.push(...(await this.#incoming.take(events, attempt, this.#owned())));
  }

  async retry(_sequence: Sequence, events: readonly StoredEvent[], attempt: number): Promise<void> {
    this.#steps.push(...(await this.#incoming.takeParked(events, attempt)));
  }

  async flush({ checkpoint, events, released }: Flush): Promise<void> {
    const { checkpoints } = this.#options;
    const { lease, signal: closing, parked } = this.#owned();
    const batch = new AbortController();
    const stop = (): void => batch.abort(closing.reason);
    closing.addEventListener("abort", stop, { once: true });
    if (closing.aborted) stop();
    let done: StoredEvent | null = null;
    try {
      for (const [index, step] of this.#steps.entries()) {
        await this.#handle(step, batch);
        if (this.#steps[index + 1]?.stored !== step.stored) done = step.stored;
      }
    } catch (error) {
      // A retry has a checkpoint of its own; what it did before the failure is done again.
      if (done === null || released !== null) throw error;
      await this.#keep(done);
      throw error instanceof EventFailure ? error.behind({ ...checkpoint, ...placeOf(done) }) : error;
    } finally {
      closing.removeEventListener("abort", stop);
    }
    await checkpoints.saveCheckpoint(lease, checkpoint, {
      events,
      letters: { parked: parked.letters, released },
    });
    this.#steps.length = 0;
  }

  /** Stores that everything up to this event is done. */
  async #keep(done: StoredEvent): Promise<void> {
    const { checkpoints, eventStore } = this.#options;
    const { lease, parked } = this.#owned();
    const letters = parked.letters.filter(({ position }) => position <= done.position);
    const handled = new Set(
      this.#steps.filter(({ stored }) => stored.position <= done.position).map(({ stored }) => stored),
    );
    const checkpoint = { storeId: eventStore.storeId, ...placeOf(done) };
    const progress = { events: handled.size + letters.length, letters: { parked: letters, released: null } };
    await checkpoints.saveCheckpoint(lease, checkpoint, progress);
    parked.committed(lease.subscription, lease.partition, done.position);
  }

  async #handle(step: HandlerStep, batch: AbortController): Promise<void> {
    const { definition, replayUntil, limits, logger } = this.#options;
    const { lease } = this.#owned();
    const { event, stored, attempt } = step;
    const { signal } = batch;
    const replaying = stored.position <= replayUntil;
    if (replaying && definition.onReplay === "mute") return;
    const leave = limits === null ? null : await limits.enter(event.type, batch);
    try {
      await withTimeout(step, definition.timeoutMs, batch, () =>
        definition.handle(event, {
          subscription: definition.name,
          partition: lease.partition,
          fencingToken: lease.fencingToken,
          key: `${definition.name}:${event.eventId}`,
          attempt,
          replaying,
          recordedAt: event.recordedAt,
          signal,
          logger,
        }),
      );
    } catch (error) {
      if (signal.aborted || isInfrastructureError(error)) throw error;
      throw stepFailure(step, error);
    } finally {
      leave?.();
    }
  }

  #owned(): ConsumerContext {
    if (this.#context === null) throw new Error("the subscription has not begun");
    return this.#context;
  }
}

function placeOf({ position, eventId }: StoredEvent): {
  readonly position: bigint;
  readonly eventId: string;
} {
  return { position, eventId };
}
