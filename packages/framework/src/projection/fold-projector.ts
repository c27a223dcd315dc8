import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import { contains, isWhole, type Partition } from "../subscription/partition.ts";
import { isStreamSequence, keySequence, streamSequence, type Sequence } from "../subscription/sequence.ts";
import type { ConsumerContext, Flush, SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { FoldProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import type { ProjectionStore, RowChange } from "./projection-store.ts";
import { RowCache, type CachedRow } from "./row-cache.ts";
import { keyText, keyOfRow, withKey } from "./row-key.ts";
import { rowSizer } from "./row-size.ts";

interface FoldProjectorOptions {
  readonly projection: FoldProjection;
  readonly build: Build;
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly partition: Partition;
  /** Rows in memory at most. */
  readonly maxRows: number;
  /** Bytes that rows in memory take at most, as {@link rowSizer} estimates them. */
  readonly maxBytes: number;
  /** Bytes that one of them may take. */
  readonly maxRowBytes: number;
}

/**
 * Feeds a fold projection: rows are loaded once, folded in memory and written behind, all dirty ones together with
 * the checkpoint. Rows stay in memory between flushes: nobody else writes them while the lease is held.
 */
export class FoldProjector implements SubscriptionConsumer {
  readonly #projection: FoldProjection;
  readonly #build: Build;
  readonly #store: ProjectionStore;
  readonly #eventStore: EventStore;
  readonly #serializer: EventSerializer;
  readonly #partition: Partition | null;
  readonly #rows: RowCache;
  readonly #maxRowBytes: number;
  /** Whether memory has every row that the table has. */
  #complete = false;
  /** Whether the table has no row of this partition. */
  #empty = false;
  /** What the events of a batch are to do, in order: an event and a row that it changes, side by side. */
  #events: RecordedEvent[] = [];
  #touched: CachedRow[] = [];
  /** Rows that the table may have, to be loaded. */
  #unknown: CachedRow[] = [];
  #context: ConsumerContext | null = null;

  constructor(options: FoldProjectorOptions) {
    this.#projection = options.projection;
    this.#build = options.build;
    this.#store = options.store;
    this.#eventStore = options.eventStore;
    this.#serializer = options.serializer;
    this.#partition = isWhole(options.partition) ? null : options.partition;
    this.#maxRowBytes = options.maxRowBytes;
    const { maxRows, maxBytes } = options;
    this.#rows = new RowCache({ maxRows, maxBytes, sizeOf: rowSizer(options.projection.table) });
  }

  begin(context: ConsumerContext, checkpoint: Checkpoint): void {
    this.#context = context;
    this.#rows.clear();
    this.#forgetSteps();
    // A build begins with an empty table, so until rows are evicted memory has all of them.
    this.#empty = this.#complete = checkpoint.position === 0n;
  }

  get full(): boolean {
    return this.#rows.full;
  }

  async apply(events: readonly StoredEvent[]): Promise<void> {
    const { parked, breaker } = this.#owned();
    this.#evict();
    await this.#serializer.prepare(events, (sha256) => this.#eventStore.schema(sha256));
    this.#forgetSteps();
    for (const event of events) {
      if (!parked.none && parked.holds(streamSequence(event.streamId), event.position)) {
        parked.add(streamSequence(event.streamId), event);
      } else this.#addSteps(event, null);
    }
    await this.#foldSteps();
    if (breaker.watching) for (const { text } of this.#touched) breaker.handled(keySequence(text));
    this.#forgetSteps();
  }

  async retry(sequence: Sequence, events: readonly StoredEvent[]): Promise<void> {
    await this.#serializer.prepare(events, (sha256) => this.#eventStore.schema(sha256));
    this.#forgetSteps();
    for (const event of events) this.#addSteps(event, sequence);
    await this.#foldSteps();
    this.#forgetSteps();
  }

  async flush({ checkpoint, events, released }: Flush): Promise<void> {
    const { lease, parked } = this.#owned();
    // The rows of a retried stream may have seen later events of other streams.
    const least = released !== null && isStreamSequence(released.sequence) ? checkpoint.position : 0n;
    const changes: RowChange[] = [];
    for (const { key, row, stored, position } of this.#rows.dirty) {
      if (row !== null || stored)
        changes.push({ key, row, stored, position: position < least ? least : position });
    }
    const commit = { lease, checkpoint, events, letters: { parked: parked.letters, released } };
    const { table } = this.#projection;
    try {
      await this.#store.commitRows(this.#build, table, changes, commit, { empty: this.#empty });
    } catch (error) {
      if (!(error instanceof EventFailure)) throw error;
      const sequences = changes.map(({ key }) => keySequence(keyText(key)));
      throw new EventFailure(error.position, error.cause, { sequences });
    }
    if (changes.length > 0) this.#empty = false;
    this.#rows.flushed();
    this.#evict();
  }

  /** What an event does here: its keys of this partition, but those that are parked. */
  #addSteps(event: StoredEvent, retried: Sequence | null): void {
    const unhindered = this.#partition === null && retried === null && this.#owned().parked.none;
    try {
      for (const decoded of this.#serializer.decode(event)) {
        for (const key of this.#projection.keysOf(decoded)) {
          const text = keyText(key);
          if (unhindered || this.#isHandled(text, event, retried)) this.#addStep(decoded, text, key);
        }
      }
    } catch (error) {
      throw failureOf(event, streamSequence(event.streamId), error);
    }
  }

  /** Each key of an event is folded once, however often the event names it. */
  #addStep(event: RecordedEvent, text: string, key: readonly unknown[]): void {
    const events = this.#events;
    const cached = this.#rows.find(text) ?? this.#addRow(text, key);
    for (let index = events.length - 1; events[index] === event; index -= 1) {
      if (this.#touched[index] === cached) return;
    }
    events.push(event);
    this.#touched.push(cached);
  }

  #addRow(text: string, key: readonly unknown[]): CachedRow {
    const cached = this.#rows.add(text, key);
    if (!this.#complete) this.#unknown.push(cached);
    return cached;
  }

  #isHandled(text: string, event: StoredEvent, retried: Sequence | null): boolean {
    if (this.#partition !== null && !contains(this.#partition, text)) return false;
    const sequence = keySequence(text);
    // A retried key touches its own row alone; a retried stream what its events would have touched.
    if (retried !== null && !isStreamSequence(retried)) return sequence === retried;
    const { parked } = this.#owned();
    if (!parked.holds(sequence, event.position)) return true;
    parked.add(sequence, event);
    return false;
  }

  async #foldSteps(): Promise<void> {
    if (this.#unknown.length > 0) await this.#load();
    const events = this.#events;
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index];
      const cached = this.#touched[index];
      if (event !== undefined && cached !== undefined) this.#fold(event, cached);
    }
  }

  async #load(): Promise<void> {
    const { table } = this.#projection;
    const keys = this.#unknown.map(({ key }) => key);
    for (const row of await this.#store.loadRows(this.#build, table, keys)) {
      this.#rows.loaded(keyText(keyOfRow(table, row)), row);
    }
  }

  #fold(event: RecordedEvent, cached: CachedRow): void {
    const { key, text } = cached;
    try {
      const row = this.#projection.foldRow(cached.row ?? undefined, event, key);
      const keyed = row === null ? null : withKey(this.#projection.table, row, key);
      this.#rows.change(cached, keyed, event.position);
      if (cached.bytes > this.#maxRowBytes) throw this.#tooLarge(cached);
    } catch (error) {
      throw failureOf(event, keySequence(text), error);
    }
  }

  #tooLarge({ text, bytes }: CachedRow): Error {
    return new Error(
      `The row ${JSON.stringify(text)} of the table ${this.#projection.table.name} would take about ${bytes} bytes, more than ` +
        `maxRowBytes (${this.#maxRowBytes}): keep less in one row, for example a row for each element, or raise the limit.`,
    );
  }

  #evict(): void {
    if (this.#rows.evict()) this.#complete = false;
  }

  #forgetSteps(): void {
    this.#events = [];
    this.#touched = [];
    this.#unknown = [];
  }

  #owned(): ConsumerContext {
    if (this.#context === null) throw new Error("the projector has not begun");
    return this.#context;
  }
}

/** Keys and folds are pure functions: what fails once fails again, so nobody waits for another attempt. */
function failureOf(
  { position }: { readonly position: bigint },
  sequence: Sequence,
  cause: unknown,
): EventFailure {
  return new EventFailure(position, cause, { sequences: [sequence], retryable: false });
}
