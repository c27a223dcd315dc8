import { randomUUID } from "node:crypto";
import { type AppendDecision, checkAppend, type ExpectedRevision } from "./append-check.ts";
import type { LogRecord, ProposedRecord } from "./log-record.ts";
import type { NodeClock } from "./node-clock.ts";
import { RecentEventIds } from "./recent-event-ids.ts";
import {
  isMetastream,
  metastreamOf,
  originalStreamOf,
  parseStreamMetadata,
  softDeletedBefore,
  softDeleteMetadata,
  type StreamMetadata,
  withTruncateBefore,
} from "./stream-metadata.ts";
import { systemRecords } from "./system-records.ts";

export type AppendOutcome =
  | { readonly kind: "appended" | "idempotent"; readonly revision: number; readonly position: number }
  | { readonly kind: "wrong-expected-version"; readonly revision: number }
  | { readonly kind: "stream-deleted" };

/** The records of a stream that a reader may see. */
export interface ReadableStream {
  readonly state: "missing" | "readable" | "deleted";
  /** Revision of the first record that is not truncated. */
  readonly first: number;
  /** Revision of the last record, -1 when there is none. */
  readonly last: number;
  /** The record, unless it is truncated or has expired. */
  recordAt(revision: number): LogRecord | undefined;
}

interface StreamRecords {
  readonly records: LogRecord[];
  tombstone: LogRecord | undefined;
  metadata: StreamMetadata;
}

/** Size of a record without its texts, about that of the server's log; makes positions have gaps. */
const recordOverhead = 114;
const firstPosition = 1_268;
/** Stands for 2^63 - 1, which no number of JavaScript holds. */
export const tombstoneRevision = Number.MAX_SAFE_INTEGER;
const noBytes = new Uint8Array(0);

/** The node's one log, in memory: all streams in the order of their positions. */
export class NodeLog {
  readonly #clock: NodeClock;
  readonly #recentIds: RecentEventIds;
  readonly #listeners = new Set<() => void>();
  #records: LogRecord[] = [];
  #streams = new Map<string, StreamRecords>();
  #nextPosition = firstPosition;

  constructor(clock: NodeClock, idempotencyCacheBytes: number) {
    this.#clock = clock;
    this.#recentIds = new RecentEventIds(idempotencyCacheBytes);
    this.reset();
  }

  /** Number of records; the next record gets it as its index. */
  get length(): number {
    return this.#records.length;
  }

  /** Position of the last record. */
  get lastPosition(): number {
    return this.#records.at(-1)?.position ?? 0;
  }

  at(index: number): LogRecord | undefined {
    return this.#records[index];
  }

  /** Index of the first record at or after the position; `length` when there is none. */
  indexFrom(position: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle]?.position ?? Infinity) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Calls back after each change, outside of it. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  append(stream: string, expected: ExpectedRevision, events: readonly ProposedRecord[]): AppendOutcome {
    const ids = events.map((event) => event.id);
    const softDeleted = this.#isSoftDeleted(stream);
    const decision = this.#check(stream, expected, ids);
    if (decision.kind !== "append") return this.#refusal(stream, decision);
    const revived = isMetastream(stream) && this.#isSoftDeleted(originalStreamOf(stream));
    const before = this.#lastRevision(stream);
    // An append without events leaves an empty record in the server's log: it has a position, and nobody sees it.
    let position = events.length === 0 ? this.#reserve(recordOverhead) : 0;
    for (const event of events) position = this.#write(stream, event).position;
    const revision = this.#lastRevision(stream);
    if (softDeleted) this.#truncateBefore(stream, before + 1);
    if (revived)
      this.#truncateBefore(originalStreamOf(stream), this.#lastRevision(originalStreamOf(stream)) + 1);
    this.#changed();
    return { kind: "appended", revision, position };
  }

  /** Hides all events of the stream; the next append continues its revisions. */
  softDelete(stream: string, expected: ExpectedRevision): AppendOutcome {
    const decision = this.#check(stream, expected, [randomUUID()]);
    if (decision.kind !== "append") return this.#refusal(stream, decision);
    const revision = this.#lastRevision(stream);
    if (revision === -1) return { kind: "wrong-expected-version", revision };
    const { position } = this.#writeMetadata(stream, Buffer.from(softDeleteMetadata, "utf8"));
    this.#changed();
    return { kind: "appended", revision, position };
  }

  /** Ends the stream for ever, also one that was never written. */
  tombstone(stream: string, expected: ExpectedRevision): AppendOutcome {
    const decision = this.#check(stream, expected, [randomUUID()]);
    if (decision.kind !== "append") return this.#refusal(stream, decision);
    const { revision, position } = this.#write(
      stream,
      jsonRecord("$streamDeleted", Buffer.from("{}", "utf8")),
      true,
    );
    this.#changed();
    return { kind: "appended", revision, position };
  }

  /** What a reader sees of the stream now: without what its metadata truncates. */
  read(stream: string): ReadableStream {
    const found = this.#streams.get(stream);
    const last = this.#lastRevision(stream);
    const { maxCount = Infinity, maxAge = Infinity, truncateBefore = 0 } = this.#metadata(stream);
    const first = Math.max(last - maxCount + 1, truncateBefore, 0);
    const bornAfter = this.#clock.now() - maxAge * 1_000;
    const missing = last === -1 || this.#isSoftDeleted(stream);
    return {
      state: this.#isTombstoned(stream) ? "deleted" : missing ? "missing" : "readable",
      first,
      last,
      recordAt(revision) {
        const record = revision >= first ? found?.records[revision] : undefined;
        return record !== undefined && record.created >= bornAfter ? record : undefined;
      },
    };
  }

  /** Back to the log of a new node. Callers end what reads it first. */
  reset(): void {
    this.#records = [];
    this.#streams = new Map();
    this.#nextPosition = firstPosition;
    this.#recentIds.clear();
    for (const [stream, record] of systemRecords) this.#write(stream, record);
    this.#changed();
  }

  #check(stream: string, expected: ExpectedRevision, ids: readonly string[]): AppendDecision {
    const records = this.#streams.get(stream)?.records;
    return checkAppend(
      {
        lastRevision: this.#lastRevision(stream),
        isTombstoned: this.#isTombstoned(stream),
        isSoftDeleted: this.#isSoftDeleted(stream),
        hasMetadata: this.#streams.has(metastreamOf(stream)),
        recordAt: (revision) => records?.[revision],
        findRecentId: (id) => this.#recentIds.find(id, stream),
      },
      expected,
      ids,
    );
  }

  #refusal(stream: string, decision: Exclude<AppendDecision, { kind: "append" }>): AppendOutcome {
    if (decision.kind === "stream-deleted") return decision;
    if (decision.kind === "wrong-expected-version") {
      return { kind: decision.kind, revision: this.#lastRevision(stream) };
    }
    return { kind: "idempotent", revision: decision.last.revision, position: decision.last.position };
  }

  #write(stream: string, event: ProposedRecord, isTombstone = false): LogRecord {
    let found = this.#streams.get(stream);
    if (found === undefined) {
      found = { records: [], tombstone: undefined, metadata: {} };
      this.#streams.set(stream, found);
    }
    const { id, type, contentType, data, customMetadata } = event;
    const record: LogRecord = {
      index: this.#records.length,
      position: this.#reserve(
        recordOverhead + stream.length + type.length + data.length + customMetadata.length,
      ),
      stream,
      revision: isTombstone ? tombstoneRevision : found.records.length,
      id,
      type,
      contentType,
      data,
      customMetadata,
      created: this.#clock.now(),
    };
    this.#records.push(record);
    this.#recentIds.remember(record);
    if (isTombstone) found.tombstone = record;
    else found.records.push(record);
    if (isMetastream(stream)) this.#heedMetadata(originalStreamOf(stream), data);
    return record;
  }

  #heedMetadata(stream: string, data: Uint8Array): void {
    const found = this.#streams.get(stream);
    const metadata = parseStreamMetadata(data);
    if (found === undefined) this.#streams.set(stream, { records: [], tombstone: undefined, metadata });
    else found.metadata = metadata;
  }

  #writeMetadata(stream: string, data: Uint8Array): LogRecord {
    return this.#write(metastreamOf(stream), jsonRecord("$metadata", data));
  }

  #truncateBefore(stream: string, revision: number): void {
    const present = this.#streams.get(metastreamOf(stream))?.records.at(-1)?.data;
    if (present !== undefined) this.#writeMetadata(stream, withTruncateBefore(present, revision));
  }

  #reserve(bytes: number): number {
    const position = this.#nextPosition;
    this.#nextPosition += bytes;
    return position;
  }

  #lastRevision(stream: string): number {
    return (this.#streams.get(stream)?.records.length ?? 0) - 1;
  }

  #metadata(stream: string): StreamMetadata {
    return isMetastream(stream) ? { maxCount: 1 } : (this.#streams.get(stream)?.metadata ?? {});
  }

  #isSoftDeleted(stream: string): boolean {
    return (this.#metadata(stream).truncateBefore ?? 0) >= softDeletedBefore;
  }

  #isTombstoned(stream: string): boolean {
    if (this.#streams.get(stream)?.tombstone !== undefined) return true;
    return isMetastream(stream) && this.#isTombstoned(originalStreamOf(stream));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function jsonRecord(type: string, data: Uint8Array): ProposedRecord {
  return { id: randomUUID(), type, contentType: "application/json", data, customMetadata: noBytes };
}
