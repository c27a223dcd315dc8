import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import { checkEventSchema } from "../event-store/check-event-schema.ts";
import type { AppendOutcome, EventPage, ReadAllOptions, StreamAppend } from "../event-store/event-store.ts";
import { meetsExpectation } from "../event-store/expected-revision.ts";
import { splitStreamId } from "../event-store/stream-id.ts";

interface LogEntry {
  readonly tenant: string;
  readonly category: string;
  readonly event: StoredEvent;
}

/** The events of an in-memory store, by position and by stream, and the catalogue of their schemas. */
export class InMemoryLog {
  readonly schemas = new Map<string, EventSchema>();
  readonly #entries: LogEntry[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();

  get head(): bigint {
    return BigInt(this.#entries.length);
  }

  eventAt(position: bigint): StoredEvent | null {
    return this.#entries[Number(position) - 1]?.event ?? null;
  }

  stream(tenant: string, streamId: string): readonly StoredEvent[] {
    return this.#streams.get(streamKey(tenant, streamId)) ?? [];
  }

  /** Why these appends may not be written, or `null`. */
  refusal(appends: readonly StreamAppend[], tenant: string): AppendOutcome | null {
    for (const { events } of appends) {
      for (const { schema } of events) if (!this.schemas.has(schema.sha256)) checkEventSchema(schema);
    }
    for (const { streamId, expectedRevision: expected = "any" } of appends) {
      const actual = this.stream(tenant, streamId).at(-1)?.revision ?? null;
      if (!meetsExpectation(expected, actual)) return { status: "conflict", streamId, expected, actual };
    }
    for (const { streamId, events } of appends) {
      const ids = new Set(this.stream(tenant, streamId).map(({ eventId }) => eventId));
      const duplicate = events.map(({ eventId }) => eventId.toLowerCase()).find((id) => ids.has(id));
      if (duplicate !== undefined) return { status: "duplicate-event", eventId: duplicate };
    }
    return null;
  }

  write(appends: readonly StreamAppend[], tenant: string, now: Date): AppendOutcome & { status: "appended" } {
    const last = this.#entries.at(-1)?.event.recordedAt;
    const recordedAt = last !== undefined && last > now ? last : now;
    const before = this.head;
    const revisions = appends.map(({ streamId, events }) => {
      const stream = this.#streams.get(streamKey(tenant, streamId)) ?? [];
      for (const event of events) {
        const stored = toStored(event, streamId, stream.length, this.#entries.length + 1, recordedAt);
        stream.push(stored);
        this.#entries.push({ tenant, category: splitStreamId(streamId).category, event: stored });
        if (!this.schemas.has(event.schema.sha256)) this.schemas.set(event.schema.sha256, event.schema);
      }
      if (stream.length > 0) this.#streams.set(streamKey(tenant, streamId), stream);
      return stream.at(-1)?.revision ?? null;
    });
    return { status: "appended", revisions, position: this.head === before ? null : this.head };
  }

  /** The next matching events after a position, none behind `end`. */
  page(options: ReadAllOptions, after: bigint, end: bigint, size: number): EventPage {
    const { tenant = "", filter = {} } = options;
    const events: StoredEvent[] = [];
    for (let index = Number(after); index < Number(end); index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.tenant !== tenant) continue;
      if (filter.types?.includes(entry.event.type) === false) continue;
      if (filter.categories?.includes(entry.category) === false) continue;
      events.push(entry.event);
      if (events.length >= size) return { events, scannedTo: entry.event.position };
    }
    return { events, scannedTo: end };
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
