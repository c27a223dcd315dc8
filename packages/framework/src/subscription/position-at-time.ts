import type { EventStore } from "../event-store/event-store.ts";

/**
 * The position of the last event recorded before a time, `0n` when there is none. It reads backwards from the end,
 * since positions are opaque and nothing can be reckoned with them; recorded time never runs against them.
 */
export async function positionAtTime(eventStore: EventStore, time: Date): Promise<bigint> {
  for await (const { events } of eventStore.readAll({ direction: "backwards" })) {
    const before = events.find(({ recordedAt }) => recordedAt < time);
    if (before !== undefined) return before.position;
  }
  return 0n;
}
