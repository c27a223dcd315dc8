import type { ResolvedEvent } from "@eventstore/db-client";

/** All results of a read, in order. */
export async function collect<T>(read: AsyncIterable<T>): Promise<T[]> {
  const results: T[] = [];
  for await (const result of read) results.push(result);
  return results;
}

/** The number that `numberedEvents` put into the event. */
export function numberOf(resolved: ResolvedEvent): unknown {
  const data: unknown = resolved.event?.data;
  return typeof data === "object" && data !== null && "n" in data ? data.n : undefined;
}

export function revisionOf(resolved: ResolvedEvent): number {
  return Number((resolved.link ?? resolved.event)?.revision);
}
