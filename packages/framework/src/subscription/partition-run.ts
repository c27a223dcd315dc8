import { setTimeout as delay } from "node:timers/promises";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventFilter } from "../event-store/event-filter.ts";
import type { EventPage, EventStore } from "../event-store/event-store.ts";
import { checkpointAt, type Checkpoint } from "./checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";
import { EventFailure } from "./event-failure.ts";
import type { Isolation } from "./isolation.ts";
import { ReadAhead } from "./read-ahead.ts";
import { SequenceRetry } from "./sequence-retry.ts";
import type { ConsumerContext, SubscriptionConsumer } from "./subscription-consumer.ts";

export interface PartitionRunOptions {
  readonly eventStore: EventStore;
  /** Comes between the store's pages and the consumer: a rebuild's pace, for example. */
  readonly between?: (pages: AsyncIterable<EventPage>, signal: AbortSignal) => AsyncIterable<EventPage>;
  readonly checkpoints: CheckpointStore;
  readonly deadLetters: DeadLetterStore;
  readonly filter: EventFilter;
  readonly consumer: SubscriptionConsumer;
  readonly isolation: Isolation;
  readonly context: ConsumerContext;
  readonly checkpoint: Checkpoint;
  readonly pageSize: number;
  /** A page ends with the event that brings it to so many bytes; `null`: as the store likes. */
  readonly pageBytes: number | null;
  /** Most events, and bytes of them, that are applied before they are flushed; one event always is. */
  readonly flushEvents: number;
  readonly flushBytes: number;
  /** Ends exactly here, everything committed, when given. */
  readonly stopAt: bigint | null;
  /** Milliseconds that events of history may wait, applied but not flushed, by how many the last flush took. */
  readonly catchUpFlushMs: (lastFlushMs: number) => number;
  /** Applied, but not committed: `pending` events up to `position`. */
  readonly onApply: (position: bigint, pending: number) => void;
  readonly onCommit: (position: bigint, events: number) => void;
}

/** Live events are flushed when no more are there; under steady load at least this often. */
const liveFlushMs = 100;

/** An idle checkpoint follows the log at least this often. */
const followMs = 1_000;

/** An operator's request is seen after this many milliseconds, should its notification be lost. */
const requestsMs = 1_000;

/** Reads, applies and commits from a checkpoint on, under one lease, until the signal aborts or something fails. */
export class PartitionRun {
  readonly #options: PartitionRunOptions;
  #committed: Checkpoint;
  #last: StoredEvent | null = null;
  #pending = 0;
  #pendingBytes = 0;
  /** Position of the first of them. */
  #firstPending = 0n;
  #pendingSince = 0;
  /** How long the last flush took. */
  #flushMs = 0;
  #scanned: bigint;
  #scannedSince = 0;
  #history = true;
  #head = 0n;
  #wanted = 0n;
  #requestsReadAt = 0;
  readonly #retry: SequenceRetry;
  #wake: () => void = () => {};

  constructor(options: PartitionRunOptions) {
    this.#options = options;
    this.#committed = options.checkpoint;
    this.#scanned = options.checkpoint.position;
    this.#retry = new SequenceRetry(options);
  }

  get committed(): Checkpoint {
    return this.#committed;
  }

  /** Somebody waits for this position: an idle checkpoint moves as soon as it can. */
  follow(position: bigint): void {
    if (position <= this.#wanted) return;
    this.#wanted = position;
    this.#wake();
  }

  /** An operator may have asked for something. */
  readRequests(): void {
    this.#requestsReadAt = 0;
    this.#wake();
  }

  async run(): Promise<void> {
    const { eventStore, consumer, filter, pageSize, pageBytes, context } = this.#options;
    const { signal } = context;
    context.parked.reset();
    consumer.begin(context, this.#committed);
    // A partition that stands before an event serves its operator all the same.
    do await this.#serveRequests();
    while (context.parked.requested !== null);
    this.#head = await eventStore.head();
    this.#history = this.#head > this.#committed.position;
    const reading = new AbortController();
    const until = AbortSignal.any([signal, reading.signal]);
    const source = eventStore.subscribe({
      after: this.#committed.position,
      filter,
      pageSize,
      ...(pageBytes === null ? {} : { pageBytes }),
      signal: until,
    });
    const pages = new ReadAhead(this.#options.between?.(source, until) ?? source);
    try {
      for (;;) {
        await this.#serveRequests();
        if (this.#stopped) {
          await this.#commit();
          return;
        }
        if (await this.#pageBeforeDeadline(pages)) {
          const page = await pages.take();
          if (page === null) break;
          await this.#take(this.#upToStop(page), pages);
        } else {
          if (this.#timeToCommit() <= 0) await this.#commit();
        }
      }
      // A clean end keeps what is applied; a lost lease refuses it.
      if (this.#pending > 0) await this.#flush();
    } finally {
      reading.abort();
    }
  }

  get #stopped(): boolean {
    const { stopAt } = this.#options;
    return stopAt !== null && this.#scanned >= stopAt;
  }

  #upToStop(page: EventPage): EventPage {
    const { stopAt } = this.#options;
    if (stopAt === null || page.scannedTo <= stopAt) return page;
    return { events: page.events.filter(({ position }) => position <= stopAt), scannedTo: stopAt };
  }

  async #take(page: EventPage, pages: ReadAhead): Promise<void> {
    const [earliest] = page.events;
    // An event that is applied twice changes a read model for good, so the store's promise is checked here.
    if (earliest !== undefined && earliest.position <= this.#scanned) {
      throw new Error(`the event store delivered position ${earliest.position} after ${this.#scanned}`);
    }
    let rest = page.events;
    while (rest.length > 0) {
      const batch = this.#fitting(rest);
      rest = rest.slice(batch.length);
      if (batch.length > 0) await this.#apply(batch);
      if (rest.length > 0 || this.#full) await this.#flush();
    }
    if (page.scannedTo > this.#scanned) {
      if (this.#scanned <= this.#committed.position) this.#scannedSince = performance.now();
      this.#scanned = page.scannedTo;
    }
    const caughtUp = this.#history && this.#scanned >= this.#head;
    if (caughtUp) this.#history = false;
    if (caughtUp || (!this.#history && this.#pending > 0 && !pages.arrived)) {
      if (this.#pending > 0) await this.#flush();
    }
    if (caughtUp || this.#timeToCommit() <= 0) await this.#commit();
  }

  get #room(): number {
    const { isolation, flushEvents } = this.#options;
    return Math.min(isolation.limit, flushEvents) - this.#pending;
  }

  get #full(): boolean {
    const { consumer, flushBytes } = this.#options;
    return this.#room <= 0 || this.#pendingBytes >= flushBytes || consumer.full;
  }

  /** The first of these events, as many as may be applied before the next flush. */
  #fitting(events: readonly StoredEvent[]): readonly StoredEvent[] {
    const { flushBytes } = this.#options;
    const room = Math.max(0, this.#room);
    if (flushBytes === Infinity) return events.length > room ? events.slice(0, room) : events;
    let count = 0;
    let bytes = this.#pendingBytes;
    for (const event of events) {
      const size = sizeOf(event);
      const first = count === 0 && this.#pending === 0;
      if (count === room || (!first && bytes + size > flushBytes)) break;
      count += 1;
      bytes += size;
    }
    this.#pendingBytes = bytes;
    return events.slice(0, count);
  }

  async #apply(events: readonly StoredEvent[]): Promise<void> {
    const { consumer, isolation } = this.#options;
    const [first] = events;
    if (first === undefined) return;
    try {
      await consumer.apply(events, isolation.attemptAt(first.position));
    } catch (error) {
      if (error instanceof EventFailure && error.position !== null) {
        const before = this.#pending + events.findIndex(({ position }) => position === error.position);
        if (before > 0) isolation.narrow(before, error.position);
        throw before > 0 ? new BatchFailure(error) : error;
      }
      throw error;
    }
    if (this.#pending === 0) {
      this.#pendingSince = performance.now();
      this.#firstPending = first.position;
    }
    this.#pending += events.length;
    this.#last = events.at(-1) ?? null;
    this.#options.onApply(this.#last?.position ?? 0n, this.#pending);
  }

  /** Commits the events that were applied; the checkpoint is the last of them. */
  async #flush(): Promise<void> {
    const { consumer, isolation, eventStore } = this.#options;
    if (this.#last === null) return;
    const { position, eventId } = this.#last;
    const events = this.#pending;
    const checkpoint = { storeId: eventStore.storeId, position, eventId };
    const begun = performance.now();
    try {
      await consumer.flush({ checkpoint, events, released: null });
      this.#flushMs = performance.now() - begun;
    } catch (error) {
      if (!(error instanceof EventFailure)) throw error;
      if (error.committed !== null) {
        this.#moved(error.committed, 0);
        isolation.narrow(1, position);
        throw error;
      }
      if (error.position === this.#firstPending) {
        isolation.narrow(1, position);
        throw error;
      }
      if (events === 1) throw new EventFailure(position, error.cause, error);
      // Handlers know their event and run again one by one; a bulk write does not, so halves tell.
      isolation.narrow(error.position === null ? Math.floor(events / 2) : 1, position);
      throw new BatchFailure(error);
    }
    this.#pending = 0;
    this.#pendingBytes = 0;
    const { parked, lease } = this.#options.context;
    parked.committed(lease.subscription, lease.partition);
    this.#moved(checkpoint, events);
  }

  /** Flushes, then lets the checkpoint follow what was scanned without finding an event. */
  async #commit(): Promise<void> {
    if (this.#pending > 0) await this.#flush();
    if (this.#scanned <= this.#committed.position) return;
    const { eventStore, checkpoints, context } = this.#options;
    const checkpoint = await checkpointAt(eventStore, this.#scanned);
    await checkpoints.saveCheckpoint(context.lease, checkpoint);
    this.#moved(checkpoint, 0);
  }

  /** One step of what operators ask for; live events go on in between. */
  async #serveRequests(): Promise<void> {
    const { context, deadLetters } = this.#options;
    const { parked, lease } = context;
    if (parked.none) return;
    if (parked.requested === null) {
      if (performance.now() - this.#requestsReadAt < requestsMs) return;
      this.#requestsReadAt = performance.now();
      parked.load(await deadLetters.parked(lease.subscription, lease.partition));
    }
    const { requested } = parked;
    if (requested === null) return;
    if (this.#pending > 0) await this.#flush();
    await this.#retry.step(requested, this.#committed);
    // A request that ended or failed is no longer one.
    parked.load(await deadLetters.parked(lease.subscription, lease.partition));
    this.#requestsReadAt = performance.now();
  }

  #moved(checkpoint: Checkpoint, events: number): void {
    this.#committed = checkpoint;
    this.#scannedSince = performance.now();
    this.#options.isolation.passed(checkpoint.position);
    this.#options.onCommit(checkpoint.position, events);
  }

  /** Waits for the next page; false when something must be committed first. */
  async #pageBeforeDeadline(pages: ReadAhead): Promise<boolean> {
    while (!pages.arrived) {
      const timeLeft = this.#timeLeft();
      if (timeLeft <= 0) return false;
      const timer = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const waits: Promise<unknown>[] = [pages.pending, woken];
      if (timeLeft < Infinity) {
        waits.push(delay(timeLeft, undefined, { signal: timer.signal }).catch(() => undefined));
      }
      await Promise.race(waits).finally(() => timer.abort());
    }
    return true;
  }

  /** Milliseconds until there is something to do beside reading. */
  #timeLeft(): number {
    return Math.min(this.#timeToCommit(), this.#timeToRequests());
  }

  #timeToRequests(): number {
    const { parked } = this.#options.context;
    if (parked.none) return Infinity;
    return parked.requested === null ? this.#requestsReadAt + requestsMs - performance.now() : 0;
  }

  #timeToCommit(): number {
    const now = performance.now();
    if (this.#pending > 0) {
      const bound = this.#history ? this.#options.catchUpFlushMs(this.#flushMs) : liveFlushMs;
      return this.#pendingSince + bound - now;
    }
    const { position } = this.#committed;
    if (this.#scanned <= position) return Infinity;
    return this.#wanted > position ? 0 : this.#scannedSince + followMs - now;
  }
}

function sizeOf({ data, meta }: StoredEvent): number {
  return data.length + meta.length;
}

/** A batch failed and smaller ones will show which event is at fault; not counted as an attempt. */
export class BatchFailure extends Error {
  override readonly name = "BatchFailure";

  constructor(failure: EventFailure) {
    super(failure.message, { cause: failure });
  }
}
