import fc from "fast-check";
import { expect, it } from "vitest";
import { createKeptSchemas } from "../../../packages/schema-registry/src/registry/kept-schemas.ts";

it("lets the least recently used go first", () => {
  const kept = createKeptSchemas<string>(10);
  kept.add("a", "A", 4);
  kept.add("b", "B", 4);
  expect(kept.find("a")).toBe("A");
  kept.add("c", "C", 4);
  expect([kept.find("a"), kept.find("b"), kept.find("c")]).toEqual(["A", undefined, "C"]);
});

it("never keeps more than it may, and what fits is found again", () => {
  const addition = fc.record({
    key: fc.constantFrom("a", "b", "c", "d", "e"),
    size: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 40 }), (additions) => {
      const kept = createKeptSchemas<number>(10);
      const sizes = new Map<string, number>();
      for (const { key, size } of additions) {
        kept.add(key, size, size);
        sizes.set(key, size);
        const found = [...sizes.keys()].filter((known) => kept.find(known) !== undefined);
        const total = found.reduce((sum, known) => sum + (sizes.get(known) ?? 0), 0);
        expect(total).toBeLessThanOrEqual(10);
        expect(kept.find(key)).toBe(size <= 10 ? size : undefined);
      }
    }),
  );
});
