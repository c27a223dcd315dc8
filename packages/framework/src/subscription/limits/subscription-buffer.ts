/** How much of the log a partition of a subscription may have in memory at once: read ahead, at hand, under way. */
export interface SubscriptionBuffer {
  /** Default 3,000. */
  readonly events: number;
  /** Bytes of payload and metadata; an event that is larger goes alone. Default 12 MiB. */
  readonly bytes: number;
}

export const defaultBuffer: SubscriptionBuffer = { events: 3_000, bytes: 12 * 1024 * 1024 };

/** The same in parts: a page that is read ahead, one at hand, and what is applied but not committed. */
export interface BufferParts {
  readonly pageSize: number;
  readonly pageBytes: number;
  readonly flushEvents: number;
  readonly flushBytes: number;
}

/** @param most Events of one commit that the subscription wants at most. */
export function bufferParts({ events, bytes }: SubscriptionBuffer, most: number): BufferParts {
  const third = Math.max(1, Math.floor(events / 3));
  const pageBytes = Math.max(1, Math.floor(bytes / 3));
  return { pageSize: third, pageBytes, flushEvents: Math.min(third, most), flushBytes: pageBytes };
}
