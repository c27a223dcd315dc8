import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { checkDiscardReason } from "./discard-reason.ts";
import type {
  DeadLetterStore,
  DiscardedLetter,
  ParkedSequenceSummary,
  SequenceIdentity,
} from "./dead-letter-store.ts";

/** What parks events: a subscription of the application, or a build of a projection. */
export interface DeadLetterSource {
  /** Of the projection or subscription. */
  readonly name: string;
  /** Of the projection; `null` for a subscription. */
  readonly version: number | null;
  /** Under which it keeps its checkpoints. */
  readonly subscription: string;
}

/** A sequence that stands still. */
export type ParkedSequenceReport = ParkedSequenceSummary & DeadLetterSource;

/** An event that was given up. */
export type DiscardedLetterReport = DiscardedLetter & DeadLetterSource;

/** An event that waits, with what today's code makes of it. */
export interface DeadLetterReport {
  readonly position: bigint;
  readonly eventId: string;
  readonly stored: StoredEvent;
  /** Decoded; `error` instead when its payload cannot be. */
  readonly decoded: { readonly events: readonly RecordedEvent[] } | { readonly error: string };
}

/**
 * - `restored`: every event of the sequence has been handled, in order.
 * - `failed`: one fails again; it and the later ones go on waiting.
 * - `pending`: no answer yet, because no process runs it or there is much to do.
 */
export interface SequenceOutcome {
  readonly sequence: string;
  readonly status: "restored" | "discarded" | "failed" | "pending";
  readonly error: string | null;
}

export interface WaitOptions {
  /** Milliseconds to wait for the outcome. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Told now and then how many events still wait. */
  readonly onProgress?: (left: bigint) => void;
}

interface DeadLettersOptions {
  readonly store: DeadLetterStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  /** Those of a name, or all. @throws when there is no such name. */
  readonly sources: (name?: string) => Promise<readonly DeadLetterSource[]>;
}

const pollMs = 100;

/**
 * What operators do with events that were parked: list, look, retry after a fix, or give up with a reason. The process
 * that owns the partition does the work; any other may ask.
 *
 * @example
 * for (const { sequence, error } of await application.deadLetters.list("balances")) console.log(sequence, error);
 * await application.deadLetters.retry("balances", "key:42");
 */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Sequences that stand still, the oldest first. */
  async list(
    name?: string,
    options: { readonly limit?: number } = {},
  ): Promise<readonly ParkedSequenceReport[]> {
    const sources = await this.#bySubscription(name);
    const summaries = await this.#options.store.summaries([...sources.keys()], options);
    return summaries.flatMap((summary) => withSource(summary, sources));
  }

  /** Events that were given up, the newest first, with who said so and why. */
  async discarded(
    name?: string,
    { limit = 100 }: { readonly limit?: number } = {},
  ): Promise<readonly DiscardedLetterReport[]> {
    const sources = await this.#bySubscription(name);
    const letters = await this.#options.store.discarded([...sources.keys()], { limit });
    return letters.flatMap((letter) => withSource(letter, sources));
  }

  /** The events that wait in a sequence, in order and a page at a time, so that a million of them fits in memory. */
  async *show(
    sequence: SequenceIdentity,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<DeadLetterReport> {
    const { store, eventStore, serializer } = this.#options;
    let left = options.limit ?? Infinity;
    let after = 0n;
    while (left > 0) {
      const letters = await store.letters(sequence, { after, limit: Math.min(left, 500) });
      const last = letters.at(-1);
      if (last === undefined) return;
      const positions = letters.map(({ position }) => position);
      const signal = options.signal === undefined ? {} : { signal: options.signal };
      const events = await eventStore.eventsAt(positions, signal);
      await serializer.prepare(events, (sha256) => eventStore.schema(sha256));
      for (const stored of events) {
        const { position, eventId } = stored;
        yield { position, eventId, stored, decoded: this.#decode(stored) };
      }
      after = last.position;
      left -= letters.length;
    }
  }

  /**
   * Handles a sequence's events again, in order, with today's code. Live events of it queue behind.
   *
   * @throws TidemarkError `sequence-unknown`.
   */
  retry(name: string, sequence: string, options: WaitOptions = {}): Promise<readonly SequenceOutcome[]> {
    return this.#request(name, sequence, { kind: "retry" }, options);
  }

  /** All sequences of a projection or subscription, one after the other. */
  retryAll(name: string, options: WaitOptions = {}): Promise<readonly SequenceOutcome[]> {
    return this.#request(name, null, { kind: "retry" }, options);
  }

  /**
   * Gives the events of a sequence up: they are kept with the reason, never handled, and the sequence goes on with its
   * next event.
   *
   * @throws TidemarkError `sequence-unknown`, `validation-failed` without a reason.
   */
  async discard(
    name: string,
    sequence: string,
    {
      reason,
      requestedBy,
      ...options
    }: WaitOptions & { readonly reason: string; readonly requestedBy: string },
  ): Promise<readonly SequenceOutcome[]> {
    checkDiscardReason(reason);
    return this.#request(name, sequence, { kind: "discard", reason, requestedBy }, options);
  }

  async #request(
    name: string,
    sequence: string | null,
    request: Parameters<DeadLetterStore["request"]>[2],
    options: WaitOptions,
  ): Promise<readonly SequenceOutcome[]> {
    const { store } = this.#options;
    const subscriptions = (await this.#options.sources(name)).map((source) => source.subscription);
    const filter = { limit: 1_000, ...(sequence === null ? {} : { sequence }) };
    const before = await store.summaries(subscriptions, filter);
    if (before.length === 0 && sequence !== null) {
      throw new TidemarkError(
        "sequence-unknown",
        `No sequence ${JSON.stringify(sequence)} of ${name} is parked: list them to see their names.`,
      );
    }
    for (const subscription of new Set(before.map((parked) => parked.subscription)))
      await store.request(subscription, sequence, request);
    const deadline = performance.now() + (options.timeoutMs ?? 30_000);
    for (;;) {
      const now = await store.summaries(subscriptions, filter);
      const outcomes = before.map((parked) => outcomeOf(parked, now, request.kind));
      if (outcomes.every(({ status }) => status !== "pending") || performance.now() >= deadline)
        return outcomes;
      options.onProgress?.(now.reduce((sum, { events }) => sum + events, 0n));
      options.signal?.throwIfAborted();
      await delay(pollMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }

  async #bySubscription(name?: string): Promise<ReadonlyMap<string, DeadLetterSource>> {
    const sources = await this.#options.sources(name);
    return new Map(sources.map((source) => [source.subscription, source]));
  }

  #decode(stored: StoredEvent): DeadLetterReport["decoded"] {
    try {
      return { events: this.#options.serializer.decode(stored) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}

function withSource<Found extends { readonly subscription: string }>(
  found: Found,
  sources: ReadonlyMap<string, DeadLetterSource>,
): (Found & DeadLetterSource)[] {
  const source = sources.get(found.subscription);
  return source === undefined ? [] : [{ ...found, ...source }];
}

function outcomeOf(
  before: ParkedSequenceSummary,
  now: readonly ParkedSequenceSummary[],
  kind: "retry" | "discard",
): SequenceOutcome {
  const { sequence } = before;
  const left = now.find(
    (parked) =>
      parked.subscription === before.subscription &&
      parked.partition === before.partition &&
      parked.sequence === sequence,
  );
  if (left === undefined)
    return { sequence, status: kind === "retry" ? "restored" : "discarded", error: null };
  if (left.request === null && left.attempts > before.attempts)
    return { sequence, status: "failed", error: left.error };
  return { sequence, status: "pending", error: null };
}
