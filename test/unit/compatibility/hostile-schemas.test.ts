import { checkCompatibility } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { enumOf, field, found, i, n, node, s } from "./schema-texts.ts";

describe("hostile schemas", () => {
  const ring = (length: number, prefix: string): string =>
    `[${Array.from({ length }, (_, at) => node(field("next", `[${n},"${prefix}${(at + 1) % length}.N"]`), `${prefix}${at}.N`)).join(",")}]`;

  it("with cycles of different length end", () => {
    // Each ring has one use before its definition, the last one: the canonical text nests the whole ring.
    const limits = { limits: { maxDepth: 400 } };
    const [reader, writer] = [97, 89].map((length, index) =>
      parseSchema(ring(length, index === 0 ? "a" : "b"), limits),
    );
    expect(reader && writer && checkCompatibility(reader, writer)).toEqual([]);
  });

  it("do not repeat shared reasons exponentially", () => {
    const levels = (leaf: string): string =>
      `[${Array.from({ length: 40 }, (_, at) => node(at === 0 ? field("x", leaf) : `${field("a", `"L${at - 1}"`)},${field("b", `"L${at - 1}"`)}`, `L${at}`)).join(",")}]`;
    expect(found(levels(i), levels(s)).length).toBe(40);
  });

  it("are refused when the comparison has no sensible end", () => {
    const records = Array.from(
      { length: 700 },
      (_, at) =>
        `{"type":"record","name":"n${at}.R","fields":[${field("x", at % 2 === 0 ? enumOf("A", "", `n${at}.E`) : i)}]}`,
    );
    const reader = parseSchema(`[${records.join(",")}]`);
    const writer = parseSchema(
      `[${records.map((text) => text.replace('"name":"x"', '"name":"y"')).join(",")}]`,
    );
    expect(() => checkCompatibility(reader, writer)).toThrow(/more than 200000 steps/);
  });

  it("with large unions are compared by name, not pair by pair", () => {
    const enums = (rest: string): string =>
      `[${Array.from({ length: 5000 }, (_, at) => enumOf(`A${rest}`, "", `E${at}`)).join(",")}]`;
    const [reader, writer] = [parseSchema(enums("B")), parseSchema(enums(""))];
    const before = performance.now();
    expect(checkCompatibility(reader, writer)).toEqual([]);
    expect(performance.now() - before).toBeLessThan(1500);
    expect(checkCompatibility(writer, reader)).toHaveLength(100);
  });
});
