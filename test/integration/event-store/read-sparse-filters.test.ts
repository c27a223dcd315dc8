import type { EventFilter, EventPage, StoredEvent } from "@tidemark/framework";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

const million = 1_000_000;
const rareEvery = 100_000;

let database: TestDatabase;
let store: PostgresEventStore;

// One million events in 1,000 streams of `bulk`, without statistics; every 100,000th is a `sample.Rare`, and the ones
// behind them stand in streams of `rare`.
beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
  await store.append("bulk-1", sampleEvents(1, { type: "sample.Common" }));
  await store.append("bulk-1", sampleEvents(1, { type: "sample.Rare" }));
  await store.append("bulk-1", sampleEvents(1, { type: "sample.Occasional" }));
  const pool = createPool({ connectionString: database.connectionString, max: 1 });
  await pool.query(`
    insert into tidemark.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
    select 1 + n, 0, 0, '', case when n <= 1000 then 'bulk-' || 1 + n else 'rare-' || n end,
      case when n <= 1000 then 'bulk' else 'rare' end
    from generate_series(1, 1010) n;
    insert into tidemark.events
    select n, gen_random_uuid(), case when n % ${rareEvery} = 1 then 1001 + n / ${rareEvery} else 2 + n % 1000 end, n,
      case when n % ${rareEvery} = 0 then 2 when n % 60 = 59 then 3 else 1 end, 1, 1, 0, '\\x00', null, null, now(), '\\x000000'
    from generate_series(4, ${million}) n`);
  await pool.end();
}, 120_000);
afterAll(async () => {
  await store.close();
  await database.drop();
});

async function read(filter: EventFilter, options: { direction?: "backwards"; pageSize?: number } = {}) {
  const pages: EventPage[] = [];
  for await (const page of store.readAll({ filter, ...options })) pages.push(page);
  const events: StoredEvent[] = pages.flatMap((page) => [...page.events]);
  return { positions: events.map(({ position }) => position), pages, events };
}

/** The best of a few attempts: other tests run on the same machine. */
async function fastest(action: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const start = performance.now();
    await action();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const rare = [2n, ...Array.from({ length: 10 }, (_, n) => BigInt((n + 1) * rareEvery))];
const behind = Array.from({ length: 9 }, (_, n) => BigInt((n + 1) * rareEvery + 1));

describe("a filter that matches 10 events in a million", () => {
  test.each([
    ["a type", { types: ["sample.Rare"] }, rare],
    ["a category", { categories: ["rare"] }, behind],
    ["a type in a category", { types: ["sample.Common"], categories: ["rare"] }, behind],
    ["nothing", { types: ["sample.Rare"], categories: ["rare"] }, []],
  ])(
    "%s: finds them all within 50 ms, in both directions",
    async (_name, filter, expected) => {
      expect((await read(filter)).positions).toEqual(expected);
      expect((await read(filter, { direction: "backwards" })).positions).toEqual(expected.toReversed());
      expect(await fastest(() => read(filter))).toBeLessThan(50);
      expect(await fastest(() => read(filter, { direction: "backwards" }))).toBeLessThan(50);
    },
    30_000,
  );

  test("says how far it has looked, page by page", async () => {
    const { pages } = await read({ types: ["sample.Rare"] }, { pageSize: 3 });
    let before = 0n;
    for (const { events, scannedTo } of pages) {
      expect(events.length).toBeLessThanOrEqual(3);
      for (const { position } of events) {
        expect(position).toBeGreaterThan(before);
        before = position;
      }
      expect(scannedTo).toBeGreaterThanOrEqual(before);
      before = scannedTo;
    }
    expect(before).toBe(BigInt(million));
  });
});

test("many events of a sparse type come in full, in order, through several looks at the index", async () => {
  const { positions } = await read({ types: ["sample.Occasional"] });
  const expected = Array.from({ length: Math.floor(million / 60) }, (_, n) => BigInt(n * 60 + 59));
  expected.unshift(3n);
  expect(positions).toEqual(expected);
  const backwards = await read({ types: ["sample.Occasional"] }, { direction: "backwards" });
  expect(backwards.positions).toEqual(expected.toReversed());
}, 60_000);
