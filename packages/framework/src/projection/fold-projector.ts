import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import { EventFailure } from "../subscription/event-failure.ts";
import type { Lease } from "../subscription/lease-store.ts";
import type { SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
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
  readonly #maxRows: number;
  readonly #rows = new Map<string, CachedRow>();
  readonly #dirty = new Set<CachedRow>();
  #complete = false;
  #lease: Lease | null = null;

  constructor(options: {
    readonly projection: FoldProjection;
    readonly build: Build;
    readonly store: ProjectionStore;
    readonly eventStore: EventStore;
    readonly serializer: EventSerializer;
    /** Rows in memory at most. */
    readonly maxRows: number;
  }) {
    this.#projection = options.projection;
    this.#build = options.build;
    this.#store = options.store;
    this.#eventStore = options.eventStore;
    this.#serializer = options.serializer;
    this.#maxRows = options.maxRows;
  }

  begin(lease: Lease, checkpoint: Checkpoint): void {
    this.#lease = lease;
    this.#rows.clear();
    this.#dirty.clear();
    // A build begins with an empty table, so until rows are evicted memory has all of them.
    this.#complete = checkpoint.position === 0n;
  }

  get full(): boolean {
    return this.#dirty.size >= this.#maxRows;
  }

  async apply(events: readonly StoredEvent[]): Promise<void> {
    await this.#serializer.prepare(events, (sha256) => this.#eventStore.schema(sha256));
    const steps: Step[] = [];
    for (const event of events) {
      this.#attempt(event.position, () => {
        for (const decoded of this.#serializer.decode(event)) {
          const keys = this.#projection.keysOf(decoded);
          steps.push({ event: decoded, keys, texts: keys.map(keyText) });
        }
      });
    }
    if (!this.#complete) await this.#load(steps);
    for (const step of steps) this.#attempt(step.event.position, () => this.#fold(step));
  }

  async flush(checkpoint: Checkpoint, events: number): Promise<void> {
    const lease = this.#lease;
    if (lease === null) return;
    const changes: RowChange[] = [];
    for (const { key, row, stored, position } of this.#dirty) {
      if (row !== null || stored) changes.push({ key, row, stored, position });
    }
    await this.#store.commitRows(this.#build, this.#projection.table, changes, { lease, checkpoint, events });
    for (const cached of this.#dirty) {
      cached.stored = cached.row !== null;
      cached.position = 0n;
    }
    this.#dirty.clear();
    this.#evict();
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
      const row = this.#projection.foldRow(cached.row ?? undefined, event, key);
      cached.row = row === null ? null : withKey(this.#projection.table, row, key);
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

  #attempt(position: bigint, action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new EventFailure(position, error);
    }
  }
}
