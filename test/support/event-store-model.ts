import type { ExpectedRevision, StreamMetadata } from "@tidemark/framework";

/** An event of the model; its position is its place in the log, from 1. */
interface ModelEvent {
  readonly streamId: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  erased: boolean;
}

export type ModelCondition =
  | { readonly streamId: string; readonly expectedRevision: ExpectedRevision }
  | {
      readonly filter: { readonly types?: readonly string[]; readonly categories?: readonly string[] };
      readonly noEventAfter: bigint;
    };

interface ModelStream {
  deleted: boolean;
  floor: bigint;
  metadata: StreamMetadata;
}

/** What an event store does, said as plainly as possible: one list of events, and every answer searched for in it. */
export class EventStoreModel {
  readonly log: ModelEvent[] = [];
  readonly #streams = new Map<string, ModelStream>();

  append(
    appends: readonly {
      readonly streamId: string;
      readonly expectedRevision: ExpectedRevision;
      readonly events: readonly { readonly id: string; readonly type: string }[];
    }[],
    conditions: readonly ModelCondition[],
  ): unknown {
    for (const { streamId, expectedRevision } of appends) {
      const conflict = this.#conflict(streamId, expectedRevision);
      if (conflict !== null) return conflict;
    }
    for (const condition of conditions) {
      if ("streamId" in condition) {
        const conflict = this.#conflict(condition.streamId, condition.expectedRevision);
        if (conflict !== null) return conflict;
      } else {
        const excluded = this.logPositions(condition.filter).find((place) => place > condition.noEventAfter);
        if (excluded !== undefined) return { status: "condition-failed", condition, position: excluded };
      }
    }
    for (const { streamId, events } of appends) {
      for (const { id } of events) {
        if (this.log.some((event) => event.streamId === streamId && event.id === id))
          return { status: "duplicate-event", eventId: id };
      }
    }
    const before = this.log.length;
    const revisions = appends.map(({ streamId, events }) => {
      for (const { id, type } of events) {
        this.log.push({ streamId, revision: this.#count(streamId), id, type, erased: false });
        this.#stream(streamId).deleted = false;
      }
      return this.#actual(streamId);
    });
    const position = this.log.length === before ? null : BigInt(this.log.length);
    return { status: "appended", revisions, position };
  }

  delete(streamId: string, expected: ExpectedRevision): unknown {
    const actual = this.#actual(streamId);
    const met =
      expected === "any" ||
      (expected === "no-stream" && actual === null) ||
      (expected === "stream-exists" && actual !== null) ||
      (actual !== null && expected === actual);
    if (!met) return { status: "conflict", streamId, expected, actual };
    if (actual !== null)
      Object.assign(this.#stream(streamId), { deleted: true, floor: actual + 1n, metadata: {} });
    return { status: "deleted" };
  }

  setMetadata(streamId: string, metadata: StreamMetadata): unknown {
    if (this.#actual(streamId) === null) return "stream-not-found";
    this.#stream(streamId).metadata = metadata;
    return undefined;
  }

  metadata(streamId: string): StreamMetadata {
    return this.#stream(streamId).metadata;
  }

  erase(streamId: string, from: bigint, to: bigint): unknown {
    if (this.#count(streamId) === 0n) return "stream-not-found";
    const erased = this.log.filter(
      (event) =>
        event.streamId === streamId && !event.erased && event.revision >= from && event.revision <= to,
    );
    for (const event of erased) event.erased = true;
    const types = [...new Set(erased.map(({ type }) => type))].toSorted();
    return { status: "erased", events: BigInt(erased.length), types };
  }

  /** Revisions that a read of the stream shows. */
  stream(streamId: string): readonly ModelEvent[] {
    const { deleted, floor, metadata } = this.#stream(streamId);
    if (deleted) return [];
    const all = this.log.filter((event) => event.streamId === streamId);
    const newest = metadata.maxCount === undefined ? all : all.slice(-metadata.maxCount);
    return newest.filter(({ revision }) => revision >= floor && revision >= (metadata.truncateBefore ?? 0n));
  }

  /** Positions of the events that match, in order. */
  logPositions(filter: { readonly types?: readonly string[]; readonly categories?: readonly string[] }) {
    return this.log.flatMap(({ type, streamId }, index) => {
      const category = streamId.slice(0, streamId.indexOf("-"));
      const matches =
        (filter.types ?? [type]).includes(type) && (filter.categories ?? [category]).includes(category);
      return matches ? [BigInt(index + 1)] : [];
    });
  }

  #count(streamId: string): bigint {
    return BigInt(this.log.filter((event) => event.streamId === streamId).length);
  }

  #actual(streamId: string): bigint | null {
    const count = this.#count(streamId);
    return count === 0n || this.#stream(streamId).deleted ? null : count - 1n;
  }

  #conflict(streamId: string, expected: ExpectedRevision): unknown {
    const actual = this.#actual(streamId);
    const deletedAtLast = this.#stream(streamId).deleted && expected === this.#count(streamId) - 1n;
    const met =
      expected === "any" ||
      deletedAtLast ||
      (expected === "no-stream" && actual === null) ||
      (expected === "stream-exists" && actual !== null) ||
      (actual !== null && expected === actual);
    return met ? null : { status: "conflict", streamId, expected, actual };
  }

  #stream(streamId: string): ModelStream {
    const stream = this.#streams.get(streamId) ?? { deleted: false, floor: 0n, metadata: {} };
    this.#streams.set(streamId, stream);
    return stream;
  }
}
