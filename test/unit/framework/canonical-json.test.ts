import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../packages/framework/src/command/canonical-json.ts";
import { requestHash } from "../../../packages/framework/src/command/recorded-answer.ts";

/** What zod may hand to a command: JSON, and the values that schemas make of it. */
const input = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("$bigint", "$date", "$map", "1", "null"),
    fc.double().map((value) => value + 0),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 4 }),
  ),
  key: fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom("$bigint", "$date", "$bytes", "$map", "$set", "$$"),
  ),
  value: fc.oneof(
    { depthSize: "small" },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("$bigint", "$date", "$set")),
      tie("value"),
      {
        maxKeys: 3,
      },
    ),
    fc.array(fc.tuple(tie("leaf"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie("leaf"), { maxLength: 3 }).map((members) => new Set(members)),
  ),
})).value;

/** The same value made anew, with the keys of its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date || value instanceof Uint8Array || value instanceof Map || value instanceof Set) {
    return structuredClone(value);
  }
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, entry]) => [key, reversed(entry)]),
  );
}

describe("the canonical text of a command's input", () => {
  test("is the same for equal values, whatever the order of their keys", () => {
    fc.assert(
      fc.property(input, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test("differs for values that differ", () => {
    fc.assert(
      fc.property(input, input, (left, right) => {
        const equal = canonicalJson(left) === canonicalJson(right);
        if (equal) expect(structuredClone(left)).toEqual(structuredClone(right));
      }),
      { numRuns: 1_000 },
    );
  });

  test("leaves out what is undefined, and nothing else", () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe(canonicalJson({ b: null }));
    expect(canonicalJson({ b: null })).not.toBe(canonicalJson({}));
  });

  test.each<[string, unknown, unknown]>([
    ["a bigint and its text", 1n, "1"],
    ["a bigint and a number", 1n, 1],
    ["a bigint and an object that looks like one", 1n, { $bigint: "1" }],
    ["a date and its text", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a date and an object that looks like one", new Date(0), { $date: "1970-01-01T00:00:00.000Z" }],
    ["bytes", Uint8Array.of(1), Uint8Array.of(2)],
    ["bytes and an array", Uint8Array.of(1), [1]],
    ["NaN and null", Number.NaN, null],
    ["an infinity and null", Number.POSITIVE_INFINITY, null],
    ["both infinities", Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
    ["a map and an object", new Map([["a", 1]]), { a: 1 }],
    ["sets", new Set([1]), new Set([2])],
    ["a set and an array", new Set([1]), [1]],
    ["halves of surrogate pairs", "\ud800", "\ud801"],
    ["an array and its parts", ["a,b"], ["a", "b"]],
    ["nesting", [[1], 2], [1, [2]]],
  ])("tells apart: %s", (_, left, right) => {
    expect(canonicalJson(left)).not.toBe(canonicalJson(right));
  });
});

describe("the hash of a request", () => {
  test("depends on operation, target and input, and on where one ends", () => {
    const hashes = [
      requestHash("a.b", "c", {}),
      requestHash("a.bc", "", {}),
      requestHash("a.b", "", {}),
      requestHash("a.b", "c", { x: 1 }),
      requestHash("a", "b", {}),
    ].map((hash) => Buffer.from(hash).toString("hex"));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(Buffer.from(requestHash("a.b", "c", {})).toString("hex")).toBe(hashes[0]);
  });
});
