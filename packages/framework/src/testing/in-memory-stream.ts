import type { StoredEvent } from "../event/stored-event.ts";
import type { StreamMetadata } from "../event-store/stream-metadata.ts";

/** A place in the log; an erasure puts another event into it. */
export interface LogEntry {
  readonly tenant: string;
  readonly category: string;
  event: StoredEvent;
}

/** One stream of an in-memory log. It has at least one event. */
export interface InMemoryStream {
  readonly entries: LogEntry[];
  readonly eventIds: Set<string>;
  metadata: StreamMetadata;
  deleted: boolean;
  /** Revisions below belong to a deleted past, which no read shows again. */
  floor: bigint;
}

/** The revision that expectations are compared with; `null` when the stream counts as missing. */
export function revisionOf(stream: InMemoryStream | undefined): bigint | null {
  return stream === undefined || stream.deleted ? null : lastRevision(stream);
}

/** The revision of the last event, also of a deleted stream. */
export function lastRevision({ entries }: InMemoryStream): bigint {
  return BigInt(entries.length - 1);
}

/** What a read of the stream shows at this moment, in order of revision. */
export function visibleEvents(stream: InMemoryStream | undefined, now: Date): readonly StoredEvent[] {
  if (stream === undefined || stream.deleted) return [];
  const { maxCount, maxAgeSeconds, truncateBefore = 0n } = stream.metadata;
  let first = stream.floor > truncateBefore ? stream.floor : truncateBefore;
  if (maxCount !== undefined) {
    const newest = BigInt(stream.entries.length) - BigInt(maxCount);
    if (newest > first) first = newest;
  }
  const events = stream.entries.slice(Number(first)).map(({ event }) => event);
  if (maxAgeSeconds === undefined) return events;
  const oldest = now.getTime() - maxAgeSeconds * 1_000;
  return events.filter(({ recordedAt }) => recordedAt.getTime() >= oldest);
}
