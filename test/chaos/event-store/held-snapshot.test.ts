import { createPool } from "@tidemark/schema-registry/postgres";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { rounds, snapshotAppends } from "./rounds.ts";

const windows = 50;
const callers = 64;
const streams = 5_000;

/** Appends of one event each by many callers, and how many of them were done a second. */
async function measureRate(store: PostgresEventStore, count: number): Promise<number> {
  const startedAt = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (left > 0) {
        left -= 1;
        // A caller has streams of its own.
        const streamId = `torture-${caller + callers * (left % Math.floor(streams / callers))}`;
        const outcome = await store.append(streamId, sampleEvents(1));
        expect(outcome.status).toBe("appended");
      }
    }),
  );
  return (1_000 * count) / (performance.now() - startedAt);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

describe.each(rounds)("round $round, seed $seed", () => {
  // Two stores grow side by side, window by window: what slows the machine down slows both. An old snapshot holds up
  // the tidying of its own database only.
  test(
    `appends are as fast while a snapshot is held open over ${snapshotAppends} of them`,
    { timeout: 60_000 + snapshotAppends },
    async () => {
      const databases = [
        await createTestDatabase({ template: eventStoreTemplate }),
        await createTestDatabase({ template: eventStoreTemplate }),
      ] as const;
      const [free, held] = databases;
      const stores = [
        await openStore({ connectionString: free.connectionString, wakeup: "poll" }),
        await openStore({ connectionString: held.connectionString, wakeup: "poll" }),
      ] as const;
      for (const store of stores) await measureRate(store, streams);
      const pool = createPool({ connectionString: held.connectionString, max: 1 });
      const snapshot = await pool.connect();
      await snapshot.query("begin isolation level repeatable read");
      await snapshot.query("select count(*) from tidemark.events");

      const ratios: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        const count = snapshotAppends / windows;
        const rates = new Map<PostgresEventStore, number>();
        // Whoever goes first must have no advantage.
        for (const store of window % 2 === 0 ? stores : stores.toReversed())
          rates.set(store, await measureRate(store, count));
        ratios.push((rates.get(stores[1]) ?? 0) / (rates.get(stores[0]) ?? 1));
      }
      expect(await stores[1].head()).toBe(BigInt(streams + snapshotAppends));
      await snapshot.query("rollback");
      snapshot.release();
      await pool.end();
      for (const store of stores) await store.close();
      for (const database of databases) await database.drop();
      console.log(ratios.map((r) => r.toFixed(2)).join(" "));
      expect(median(ratios)).toBeGreaterThan(0.85);
      // It gets no slower with age either.
      expect(median(ratios.slice(-windows / 2))).toBeGreaterThan(0.85);
    },
  );
});
