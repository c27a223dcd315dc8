import { createPool } from "@tidemark/schema-registry/postgres";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import type pg from "pg";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { plantCounterRow } from "./plant-faults.ts";
import { rounds, snapshotAppends } from "./rounds.ts";

const appendsPerWindow = 1_000;
const callers = 64;
const streamsPerCaller = 75;

/** Lets callers with streams of their own append one event at a time; returns how long it took. */
async function appendWindow(store: PostgresEventStore, count: number): Promise<number> {
  const startedAt = performance.now();
  let left = count;
  const call = async (caller: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status } = await store.append(`torture-${caller}x${left % streamsPerCaller}`, sampleEvents(1));
      if (status !== "appended") throw new Error(`nobody expects ${status}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return performance.now() - startedAt;
}

/**
 * Two stores grow side by side, window by window, one of them under an old snapshot, which holds up the tidying of its
 * own database only: what else slows the machine down slows both. Returns the rate under the snapshot as a part of the
 * other one's, the middle one of all pairs of windows. While noise makes it look worse than wanted it measures on,
 * three times as long at most.
 */
async function rateUnderSnapshot(
  appends: number,
  wanted: number,
  plant?: (pool: pg.Pool) => Promise<void>,
): Promise<number> {
  const free = await createTestDatabase({ template: eventStoreTemplate });
  const held = await createTestDatabase({ template: eventStoreTemplate });
  const [beside, under] = [
    await openBusyStore(free.connectionString),
    await openBusyStore(held.connectionString),
  ];
  const pools = [free, held].map(({ connectionString }) => createPool({ connectionString, max: 1 }));
  for (const pool of pools) await plant?.(pool);
  const snapshot = await pools[1]?.connect();
  await snapshot?.query("begin isolation level repeatable read");
  await snapshot?.query("select count(*) from tidemark.events");

  const ratios: number[] = [];
  const pairs = appends / appendsPerWindow;
  while (ratios.length < pairs || (median(ratios) < wanted && ratios.length < 3 * pairs)) {
    // Whoever goes first must have no advantage.
    const underFirst = ratios.length % 2 === 0;
    const first = await appendWindow(underFirst ? under : beside, appendsPerWindow);
    const second = await appendWindow(underFirst ? beside : under, appendsPerWindow);
    ratios.push(underFirst ? second / first : first / second);
  }

  await snapshot?.query("rollback");
  snapshot?.release();
  for (const store of [beside, under]) await store.close();
  for (const pool of pools) await pool.end();
  for (const database of [free, held]) await database.drop();
  return median(ratios);
}

/** A store whose streams are there. */
async function openBusyStore(connectionString: string): Promise<PostgresEventStore> {
  const store = await openStore({ connectionString, wakeup: "poll" });
  await appendWindow(store, callers * streamsPerCaller);
  return store;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

describe.each(rounds)("round $round, seed $seed", () => {
  test(
    `appends are as fast while a snapshot is held open over ${snapshotAppends} of them`,
    { timeout: 60_000 + 3 * snapshotAppends },
    async () => {
      expect(await rateUnderSnapshot(snapshotAppends, 0.85)).toBeGreaterThan(0.85);
    },
  );

  test("a planted fault is found: each append counts up a row", { timeout: 120_000 }, async () => {
    expect(await rateUnderSnapshot(8_000, 0, plantCounterRow)).toBeLessThan(0.85);
  });
});
