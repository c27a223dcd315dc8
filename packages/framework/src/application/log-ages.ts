import type { EventStore } from "../event-store/event-store.ts";
import type { LogAges } from "./consumer-operations.ts";

/** One question to a store that answers it; one short read for each position to any other. */
export async function logAges(eventStore: EventStore, positions: readonly bigint[]): Promise<LogAges> {
  const different = [...new Set(positions)];
  const { telemetry } = eventStore;
  const { head, ages } =
    telemetry?.ages === undefined ? await readAges(eventStore, different) : await telemetry.ages(different);
  return { head, ageBehind: new Map(different.map((position, index) => [position, ages[index] ?? 0])) };
}

async function readAges(
  eventStore: EventStore,
  positions: readonly bigint[],
): Promise<{ readonly head: bigint; readonly ages: readonly number[] }> {
  const head = await eventStore.head();
  const ages = positions.map(async (after) => (after < head ? ageBehind(eventStore, after) : 0));
  return { head, ages: await Promise.all(ages) };
}

async function ageBehind(eventStore: EventStore, after: bigint): Promise<number> {
  for await (const { events } of eventStore.readAll({ after, limit: 1, pageSize: 1 })) {
    const [first] = events;
    if (first !== undefined) return Math.max(0, (Date.now() - first.recordedAt.getTime()) / 1_000);
  }
  return 0;
}
