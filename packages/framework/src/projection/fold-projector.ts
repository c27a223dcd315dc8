import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import { contains, isWhole, type Partition } from "../subscription/partition.ts";
import { isStreamSequence, keySequence, streamSequence, type Sequence } from "../subscription/sequence.ts";
import type { ConsumerContext, Flush, SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { AnyRow, FoldProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import type { ProjectionStore, RowChange } from "./projection-store.ts";
import { keyText, keyOfRow, withKey } from "./row-key.ts";

interface CachedRow {
  readonly key: readonly unknown[];
  row: AnyRow | null;
  /** Whether the table has the row. */
  stored: boolean;
  /** Of the last event that touched it since the last flush; `0n` when none did. */
  position: bigint;
}

interface Step {
  readonly event: RecordedEvent;
  readonly keys: readonly (readonly unknown[])[];
  readonly texts: readonly string[];
}

interface FoldProjectorOptions {
  readonly projection: FoldProjection;
  readonly build: Build;
  readonly store: ProjectionStore;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly partition: Partition;
  /** Rows in memory at most. */
  readonly maxRows: number;
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
  readonly #maxRows: number;
  readonly #rows = new Map<string, CachedRow>();
  readonly #dirty = new Set<CachedRow>();
  #complete = false;
  #context: ConsumerContext | null = null;

  constructor(options: FoldProjectorOptions) {
    this.#projection = options.projection;
    this.#build = options.build;
    this.#store = options.store;
    this.#eventStore = options.eventStore;
    this.#serializer = options.serializer;
    this.#partition = isWhole(options.partition) ? null : options.partition;
    this.#maxRows = options.maxRows;
  }

  begin(context: ConsumerContext, checkpoint: Checkpoint): void {
    this.#context = context;
    this.#rows.clear();
    this.#dirty.clear();
    // A build begins with an empty table, so until rows are evicted memory has all of them.
    this.#complete = checkpoint.position === 0n;
  }

  get full(): boolean {
    return this.#dirty.size >= this.#maxRows;
  }

  async apply(events: readonly StoredEvent[]): Promise<void> {
    const { parked, breaker } = this.#owned();
    await this.#serializer.prepare(events, (sha256) => this.#eventStore.schema(sha256));
    const steps: Step[] = [];
    for (const event of events) {
      if (!parked.none && parked.holds(streamSequence(event.streamId), event.position)) {
        parked.add(streamSequence(event.streamId), event);
      } else this.#addSteps(event, steps);
    }
    if (!this.#complete) await this.#load(steps);
    for (const step of steps) this.#fold(step);
    if (breaker.watching)
      for (const { texts } of steps) for (const text of texts) breaker.handled(keySequence(text));
  }

  async retry(sequence: Sequence, events: readonly StoredEvent[]): Promise<void> {
    await this.#serializer.prepare(events, (sha256) => this.#eventStore.schema(sha256));
    const steps: Step[] = [];
    for (const event of events) this.#addSteps(event, steps, sequence);
    await this.#load(steps);
    for (const step of steps) this.#fold(step);
  }

  async flush({ checkpoint, events, released }: Flush): Promise<void> {
    const { lease, parked } = this.#owned();
    // The rows of a retried stream may have seen later events of other streams.
    const least = released !== null && isStreamSequence(released.sequence) ? checkpoint.position : 0n;
    const changes: RowChange[] = [];
    for (const { key, row, stored, position } of this.#dirty) {
      if (row !== null || stored)
        changes.push({ key, row, stored, position: position < least ? least : position });
    }
    const commit = { lease, checkpoint, events, letters: { parked: parked.letters, released } };
    try {
      await this.#store.commitRows(this.#build, this.#projection.table, changes, commit);
    } catch (error) {
      if (!(error instanceof EventFailure)) throw error;
      const sequences = changes.map(({ key }) => keySequence(keyText(key)));
      throw new EventFailure(error.position, error.cause, { sequences });
    }
    for (const cached of this.#dirty) {
      cached.stored = cached.row !== null;
      cached.position = 0n;
    }
    this.#dirty.clear();
    this.#evict();
  }

  /** What an event does here: its keys of this partition, but those that are parked. */
  #addSteps(event: StoredEvent, steps: Step[], retried: Sequence | null = null): void {
    const { parked } = this.#owned();
    const unhindered = this.#partition === null && retried === null && parked.none;
    try {
      for (const decoded of this.#serializer.decode(event)) {
        const keys = this.#projection.keysOf(decoded);
        const texts = keys.map(keyText);
        if (unhindered) {
          steps.push({ event: decoded, keys, texts });
          continue;
        }
        const handled = texts.map((text) => this.#isHandled(text, event, retried));
        steps.push({
          event: decoded,
          keys: keys.filter((_, index) => handled[index]),
          texts: texts.filter((_, index) => handled[index]),
        });
      }
    } catch (error) {
      throw failureOf(event, streamSequence(event.streamId), error);
    }
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

  async #load(steps: readonly Step[]): Promise<void> {
    const missing = new Map<string, readonly unknown[]>();
    for (const { keys, texts } of steps) {
      for (const [index, key] of keys.entries()) {
        const text = texts[index] ?? "";
        if (!this.#rows.has(text)) missing.set(text, key);
      }
    }
    if (missing.size === 0) return;
    const { table } = this.#projection;
    const rows = await this.#store.loadRows(this.#build, table, [...missing.values()]);
    for (const row of rows) {
      const key = keyOfRow(table, row);
      this.#rows.set(keyText(key), { key, row, stored: true, position: 0n });
    }
    for (const [text, key] of missing) this.#rowOf(text, key);
  }

  /** Each key of an event is folded once, however often the event names it. */
  #fold({ event, keys, texts }: Step): void {
    for (const [index, key] of keys.entries()) {
      const text = texts[index] ?? "";
      if (index > 0 && texts.indexOf(text) < index) continue;
      const cached = this.#rowOf(text, key);
      try {
        const row = this.#projection.foldRow(cached.row ?? undefined, event, key);
        cached.row = row === null ? null : withKey(this.#projection.table, row, key);
      } catch (error) {
        throw failureOf(event, keySequence(text), error);
      }
      cached.position = event.position;
      this.#dirty.add(cached);
    }
  }

  #rowOf(text: string, key: readonly unknown[]): CachedRow {
    let cached = this.#rows.get(text);
    if (cached === undefined) {
      cached = { key, row: null, stored: false, position: 0n };
      this.#rows.set(text, cached);
    }
    return cached;
  }

  /** Only called when every row is clean. */
  #evict(): void {
    if (this.#rows.size <= this.#maxRows) return;
    this.#complete = false;
    let surplus = this.#rows.size - this.#maxRows / 2;
    for (const text of this.#rows.keys()) {
      if (surplus-- <= 0) break;
      this.#rows.delete(text);
    }
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
