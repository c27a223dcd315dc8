import fc from "fast-check";
import { bigint, defineTable, integer, jsonb, numeric, text } from "@tidemark/framework";
import { describe, expect, test } from "vitest";
// Not public: what bounds a projector's memory.
import { RowCache } from "../../../packages/framework/src/projection/row-cache.ts";
import { rowSizer } from "../../../packages/framework/src/projection/row-size.ts";

const table = defineTable("notes", { id: text(), note: text() }, { primaryKey: ["id"] });
const sizeOf = rowSizer(table);

interface Use {
  readonly id: number;
  readonly length: number;
}

/** Touches a row as a projector does; whoever is not in memory is loaded from `stored`. */
function touch(cache: RowCache, stored: Map<string, string>, { id, length }: Use): void {
  const text = `k${id}`;
  let cached = cache.find(text);
  if (cached === undefined) {
    cached = cache.add(text, [text]);
    const note = stored.get(text);
    if (note !== undefined) cache.loaded(text, { id: text, note });
  }
  cache.change(cached, length === 0 ? null : { id: text, note: "x".repeat(length) }, 1n);
}

function flush(cache: RowCache, stored: Map<string, string>): void {
  for (const { text, row } of cache.dirty) {
    if (row === null) stored.delete(text);
    else stored.set(text, String(row["note"]));
  }
  cache.flushed();
}

describe("a row cache", () => {
  const uses = fc.array(fc.record({ id: fc.nat({ max: 60 }), length: fc.nat({ max: 400 }) }), {
    minLength: 50,
    maxLength: 400,
  });

  test("keeps rows and bytes within bounds, and loses no change", () => {
    fc.assert(
      fc.property(
        uses,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 600, max: 20_000 }),
        (all, maxRows, maxBytes) => {
          const cache = new RowCache({ maxRows, maxBytes, sizeOf });
          const stored = new Map<string, string>();
          const expected = new Map<string, string>();
          for (const use of all) {
            cache.evict();
            expect(cache.size).toBeLessThanOrEqual(maxRows + 1);
            expect(cache.bytes).toBeLessThanOrEqual(
              maxBytes + sizeOf({ id: "k60", note: "x".repeat(400) }) + 6,
            );
            touch(cache, stored, use);
            if (use.length === 0) expected.delete(`k${use.id}`);
            else expected.set(`k${use.id}`, "x".repeat(use.length));
            if (cache.full) flush(cache, stored);
          }
          flush(cache, stored);
          expect(stored).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("lets go of rows first that were not asked for lately", () => {
    const cache = new RowCache({ maxRows: 40, maxBytes: Infinity, sizeOf });
    const stored = new Map<string, string>();
    for (let id = 0; id < 400; id += 1) {
      for (const hot of [0, 1, 2]) touch(cache, stored, { id: hot, length: 1 });
      touch(cache, stored, { id, length: 1 });
      if (cache.full) flush(cache, stored);
      cache.evict();
      for (const hot of ["k0", "k1", "k2"]) expect(cache.find(hot), hot).toBeDefined();
    }
    expect(cache.find("k10")).toBeUndefined();
  });

  test("is full when its dirty rows leave no room", () => {
    const cache = new RowCache({ maxRows: 1_000, maxBytes: 50_000, sizeOf });
    const stored = new Map<string, string>();
    let id = 0;
    for (; !cache.full; id += 1) touch(cache, stored, { id, length: 1_000 });
    expect(cache.bytes).toBeGreaterThanOrEqual(50_000);
    expect(id).toBeLessThan(30);
    flush(cache, stored);
    expect(cache.full).toBe(false);
    expect(cache.evict()).toBe(true);
    expect(cache.bytes).toBeLessThanOrEqual(40_000);
  });
});

describe("the size of a row", () => {
  test("grows with its texts and its JSON", () => {
    const size = rowSizer(
      defineTable(
        "things",
        { id: text(), count: integer(), cents: bigint(), exact: numeric(), doc: jsonb() },
        { primaryKey: ["id"] },
      ),
    );
    const row = { id: "a", count: 1, cents: 1n, exact: { unscaled: 1n, scale: 0 }, doc: null as unknown };
    const small = size(row);
    expect(size({ ...row, id: "a".repeat(101) }) - small).toBe(200);
    const list = Array.from({ length: 10_000 }, (_, index) => ({ at: index, name: "0123456789" }));
    const large = size({ ...row, doc: { list } });
    expect(large).toBeGreaterThan(10_000 * 60);
    expect(large).toBeLessThan(10_000 * 300);
    expect(size(null)).toBeLessThan(small);
  });
});
