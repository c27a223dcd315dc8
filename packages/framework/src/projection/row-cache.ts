import type { AnyRow } from "./any-projection.ts";

export interface CachedRow {
  /** The key as one string. */
  readonly text: string;
  readonly key: readonly unknown[];
  row: AnyRow | null;
  /** Whether the table has the row. */
  stored: boolean;
  /** Of the last event that touched it since the last flush; `0n` when none did. */
  position: bigint;
  dirty: boolean;
  /** Estimate of its memory. */
  bytes: number;
  /** Turn of the cache in which it was last asked for. */
  turn: number;
}

/** What eviction leaves, so that it is worth its walk through the rows. */
const keptShare = 0.75;

/**
 * The rows of one partition in memory, written behind. Only clean rows are ever evicted, those first that were not
 * asked for lately.
 */
export class RowCache {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (row: AnyRow | null) => number;
  readonly #rows = new Map<string, CachedRow>();
  #dirty: CachedRow[] = [];
  #dirtyBytes = 0;
  #bytes = 0;
  #turn = 0;
  #isCrowded = false;

  constructor(options: {
    readonly maxRows: number;
    readonly maxBytes: number;
    readonly sizeOf: (row: AnyRow | null) => number;
  }) {
    this.#maxRows = options.maxRows;
    this.#maxBytes = options.maxBytes;
    this.#sizeOf = options.sizeOf;
  }

  /** Rows that differ from the table. */
  get dirty(): readonly CachedRow[] {
    return this.#dirty;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** As estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing more fits: dirty rows use the memory up. */
  get full(): boolean {
    return this.#dirty.length >= this.#maxRows || this.#dirtyBytes >= this.#maxBytes || this.#isCrowded;
  }

  clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
    this.#forgetDirty();
  }

  find(text: string): CachedRow | undefined {
    const cached = this.#rows.get(text);
    if (cached !== undefined) cached.turn = this.#turn;
    return cached;
  }

  /** A row that the table does not have, as far as is known; see {@link loaded}. */
  add(text: string, key: readonly unknown[]): CachedRow {
    const cached: CachedRow = {
      text,
      key,
      row: null,
      stored: false,
      position: 0n,
      dirty: false,
      bytes: 0,
      turn: this.#turn,
    };
    this.#rows.set(text, cached);
    this.#resize(cached);
    return cached;
  }

  /** The table has this row. */
  loaded(text: string, row: AnyRow): void {
    const cached = this.#rows.get(text);
    if (cached === undefined) return;
    cached.row = row;
    cached.stored = true;
    this.#resize(cached);
  }

  change(cached: CachedRow, row: AnyRow | null, position: bigint): void {
    cached.row = row;
    cached.position = position;
    if (!cached.dirty) {
      cached.dirty = true;
      this.#dirty.push(cached);
      this.#dirtyBytes += cached.bytes;
    }
    this.#resize(cached);
  }

  /** The dirty rows are in the table. */
  flushed(): void {
    for (const cached of this.#dirty) {
      cached.stored = cached.row !== null;
      cached.position = 0n;
      cached.dirty = false;
    }
    this.#forgetDirty();
  }

  /** Lets clean rows go until there is room again; false when nothing had to go. */
  evict(): boolean {
    if (this.#fits(1)) return false;
    this.#sweep((cached) => cached.turn < this.#turn);
    this.#sweep(() => true);
    this.#turn += 1;
    // What is left is dirty: there is nothing to be found by another walk before the next flush.
    this.#isCrowded = !this.#fits(1);
    return true;
  }

  #forgetDirty(): void {
    this.#dirty = [];
    this.#dirtyBytes = 0;
    this.#isCrowded = false;
  }

  #fits(share: number): boolean {
    return this.#rows.size <= this.#maxRows * share && this.#bytes <= this.#maxBytes * share;
  }

  #sweep(isWanted: (cached: CachedRow) => boolean): void {
    for (const cached of this.#rows.values()) {
      if (this.#fits(keptShare)) return;
      if (cached.dirty || !isWanted(cached)) continue;
      this.#rows.delete(cached.text);
      this.#bytes -= cached.bytes;
    }
  }

  #resize(cached: CachedRow): void {
    const bytes = this.#sizeOf(cached.row) + 2 * cached.text.length;
    const growth = bytes - cached.bytes;
    this.#bytes += growth;
    if (cached.dirty) this.#dirtyBytes += growth;
    cached.bytes = bytes;
  }
}
