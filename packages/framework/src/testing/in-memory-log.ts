import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import type { AppendCondition } from "../event-store/append-condition.ts";
import { checkEventSchema } from "../event-store/check-event-schema.ts";
import type { AppendOutcome, ReadAllOptions, StreamAppend } from "../event-store/event-store.ts";
import { meetsExpectation } from "../event-store/expected-revision.ts";
import { splitStreamId } from "../event-store/stream-id.ts";
import { lastRevision, revisionOf, type InMemoryStream, type LogEntry } from "./in-memory-stream.ts";
import { LogStretch } from "./in-memory-log-stretch.ts";

/** The events of an in-memory store, by position and by stream, and the catalogue of their schemas. */
export class InMemoryLog {
  readonly schemas = new Map<string, EventSchema>();
  readonly #entries: LogEntry[] = [];
  readonly #streams = new Map<string, InMemoryStream>();

  get head(): bigint {
    return BigInt(this.#entries.length);
  }

  eventAt(position: bigint): StoredEvent | null {
    return this.#entries[Number(position) - 1]?.event ?? null;
  }

  stream(tenant: string, streamId: string): InMemoryStream | undefined {
    return this.#streams.get(streamKey(tenant, streamId));
  }

  /** Why these appends may not be written, or `null`. */
  refusal(
    appends: readonly StreamAppend[],
    conditions: readonly AppendCondition[],
    tenant: string,
  ): AppendOutcome | null {
    for (const { events } of appends) {
      for (const { schema } of events) if (!this.schemas.has(schema.sha256)) checkEventSchema(schema);
    }
    for (const { streamId, expectedRevision: expected = "any" } of appends) {
      const conflict = this.#conflict(tenant, streamId, expected);
      if (conflict !== null) return conflict;
    }
    for (const condition of conditions) {
      const failure = this.#failure(condition, tenant);
      if (failure !== null) return failure;
    }
    for (const { streamId, events } of appends) {
      const known = this.stream(tenant, streamId)?.eventIds;
      const duplicate = events.map(({ eventId }) => eventId.toLowerCase()).find((id) => known?.has(id));
      if (duplicate !== undefined) return { status: "duplicate-event", eventId: duplicate };
    }
    return null;
  }

  write(appends: readonly StreamAppend[], tenant: string, now: Date): AppendOutcome & { status: "appended" } {
    const last = this.#entries.at(-1)?.event.recordedAt;
    const recordedAt = last !== undefined && last > now ? last : now;
    const before = this.head;
    const revisions = appends.map(({ streamId, events }) => {
      if (events.length === 0) return revisionOf(this.stream(tenant, streamId));
      const stream = this.#writable(tenant, streamId);
      for (const event of events) {
        const stored = toStored(event, streamId, stream.entries.length, this.#entries.length + 1, recordedAt);
        const entry = { tenant, category: splitStreamId(streamId).category, event: stored };
        stream.entries.push(entry);
        stream.eventIds.add(stored.eventId);
        this.#entries.push(entry);
        if (!this.schemas.has(event.schema.sha256)) this.schemas.set(event.schema.sha256, event.schema);
      }
      return lastRevision(stream);
    });
    return { status: "appended", revisions, position: this.head === before ? null : this.head };
  }

  /** What a read of the log goes through, as the log is now. */
  stretch(options: ReadAllOptions): LogStretch {
    return new LogStretch(this.#entries, options);
  }

  #conflict(
    tenant: string,
    streamId: string,
    expected: NonNullable<StreamAppend["expectedRevision"]>,
  ): (AppendOutcome & { status: "conflict" }) | null {
    const stream = this.stream(tenant, streamId);
    const actual = revisionOf(stream);
    if (meetsExpectation(expected, actual)) return null;
    // A writer that read the stream before its deletion goes on where it stood.
    if (stream?.deleted === true && expected === lastRevision(stream)) return null;
    return { status: "conflict", streamId, expected, actual };
  }

  #failure(condition: AppendCondition, tenant: string): AppendOutcome | null {
    if ("streamId" in condition) {
      return this.#conflict(tenant, condition.streamId, condition.expectedRevision);
    }
    const { filter, noEventAfter } = condition;
    const stretch = this.stretch({ tenant, filter, after: noEventAfter });
    const [found] = stretch.isScanned() ? [] : stretch.next(1).events;
    return found === undefined ? null : { status: "condition-failed", condition, position: found.position };
  }

  #writable(tenant: string, streamId: string): InMemoryStream {
    const key = streamKey(tenant, streamId);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { entries: [], eventIds: new Set(), metadata: {}, deleted: false, floor: 0n };
      this.#streams.set(key, stream);
    }
    stream.deleted = false;
    return stream;
  }
}

function streamKey(tenant: string, streamId: string): string {
  return `${tenant}\0${streamId}`;
}

function toStored(
  event: EventToAppend,
  streamId: string,
  revision: number,
  position: number,
  recordedAt: Date,
): StoredEvent {
  return {
    position: BigInt(position),
    eventId: event.eventId.toLowerCase(),
    streamId,
    revision: BigInt(revision),
    type: event.type,
    eventVersion: event.eventVersion,
    schemaSha256: event.schema.sha256,
    encoding: "avro",
    data: Buffer.from(event.data),
    correlationId: event.correlationId?.toLowerCase() ?? null,
    causationId: event.causationId?.toLowerCase() ?? null,
    recordedAt,
    meta: Buffer.from(event.meta),
  };
}
