import { canonicalText, parseSchema } from "@tidemark/schema-registry/avro";
import { loadingWarnings } from "@tidemark/schema-registry";
import avsc from "avsc";
import fc from "fast-check";
import { expect, it } from "vitest";

/** Whether avsc, as the clients in JavaScript use it, loads the text. */
function loads(text: string): boolean {
  try {
    avsc.Type.forSchema(JSON.parse(text));
    return true;
  } catch {
    return false;
  }
}

function record(fields: readonly object[], more: object = {}): string {
  return JSON.stringify({ type: "record", name: "Entry", namespace: "ledger", fields, ...more });
}

const enumeration = { type: "enum", name: "Currency", symbols: ["EUR", "USD"] };

it.each<[string, string, readonly [rule: string, path: string][]]>([
  ["nothing special", record([{ name: "a", type: ["null", "string"], default: null }]), []],
  ["an empty union", record([{ name: "a", type: [] }]), [["empty-union", "/fields/0/type"]]],
  [
    "an empty enum",
    record([{ name: "a", type: { type: "enum", name: "E", symbols: [] } }]),
    [["empty-enum", "/fields/0/type/symbols"]],
  ],
  [
    "a default of a later branch",
    record([{ name: "a", type: ["string", "null"], default: null }]),
    [["default-of-later-branch", "/fields/0/default"]],
  ],
  [
    "a long beyond 2^53",
    '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9007199254740993}]}',
    [["default-not-read", "/fields/0/default"]],
  ],
  [
    "a default of a later branch that only looks like the first",
    record([{ name: "a", type: { type: "array", items: ["int", "long"] }, default: [2 ** 40] }]),
    [["default-not-read", "/fields/0/default"]],
  ],
  [
    "a default that is no symbol",
    record([{ name: "a", type: enumeration, default: "GBP" }]),
    [["default-not-read", "/fields/0/default"]],
  ],
  [
    "a fixed default of another length",
    record([{ name: "a", type: { type: "fixed", name: "F", size: 2 }, default: "x" }]),
    [["default-not-read", "/fields/0/default"]],
  ],
  ["a type named as a type of Avro", record([], { name: "string" }), [["name-not-usable", "/name"]]],
  [
    "a type named as a member of every object",
    record([], { name: "toString", namespace: "" }),
    [["name-not-usable", "/name"]],
  ],
  [
    "a symbol named as a member of every object",
    record([{ name: "a", type: { type: "enum", name: "E", symbols: ["A", "constructor"] } }]),
    [["name-not-usable", "/fields/0/type/symbols/1"]],
  ],
  [
    "a default that is of the record itself",
    record([
      { name: "b", type: "int", default: 1 },
      { name: "a", type: [{ type: "map", values: "Entry" }, "null"], default: { x: { a: {} } } },
    ]),
    [["default-of-later-branch", "/fields/1/default"]],
  ],
])("%s", (_name, text, expected) => {
  const schema = parseSchema(text);
  const warnings = loadingWarnings(schema);
  expect(warnings.map(({ rule, path }) => [rule, path])).toEqual(expected);
  expect(loads(canonicalText(schema))).toBe(expected.length === 0);
  for (const { message, hint } of warnings) {
    expect(message).toMatch(/^Clients in JavaScript cannot load /);
    expect(hint).toMatch(/\.$/);
  }
});

it("a field named __proto__ loads, and loses its value", () => {
  const text = '{"type":"record","name":"R","fields":[{"name":"__proto__","type":"long"}]}';
  expect(loadingWarnings(parseSchema(text))).toMatchObject([{ path: "/fields/0/name" }]);
  const type = avsc.Type.forSchema(JSON.parse(text));
  expect(Object.keys(Object(type.fromBuffer(Buffer.from([2]))))).toEqual([]);
});

interface Defaulted {
  readonly schema: unknown;
  /** Values that Avro takes as a default of the schema. */
  readonly value: fc.Arbitrary<unknown>;
}

const leaf: fc.Arbitrary<Defaulted> = fc.constantFrom<Defaulted>(
  { schema: "null", value: fc.constant(null) },
  { schema: "boolean", value: fc.boolean() },
  { schema: "int", value: fc.integer() },
  { schema: "long", value: fc.oneof(fc.integer(), fc.constant(2 ** 53)) },
  { schema: "double", value: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { schema: "string", value: fc.string({ maxLength: 3 }) },
  { schema: "bytes", value: fc.string({ maxLength: 3 }) },
  { schema: "Self", value: fc.constant({}) },
);

/** `path` makes names unique. */
function defaulted(depth: number, path: string): fc.Arbitrary<Defaulted> {
  const named = fc.constantFrom<Defaulted>(
    { schema: { type: "enum", name: `E${path}`, symbols: ["A", "B"] }, value: fc.constantFrom("A", "C") },
    { schema: { type: "fixed", name: `F${path}`, size: 1 }, value: fc.constantFrom("x", "xy") },
  );
  if (depth === 0) return fc.oneof(leaf, named);
  const inner = (step: string): fc.Arbitrary<Defaulted> => defaulted(depth - 1, `${path}${step}`);
  return fc.oneof(
    leaf,
    named,
    inner("i").map(({ schema, value }) => ({
      schema: { type: "array", items: schema },
      value: fc.array(value, { maxLength: 2 }),
    })),
    inner("v").map(({ schema, value }) => ({
      schema: { type: "map", values: schema },
      value: fc.dictionary(fc.constantFrom("a", "b"), value, { noNullPrototype: true }),
    })),
    fc.tuple(inner("u0"), inner("u1")).map((branches) => ({
      schema: branches.map(({ schema }) => schema),
      value: fc.oneof(...branches.map(({ value }) => value)),
    })),
    records(depth, path),
  );
}

function records(depth: number, path: string): fc.Arbitrary<Defaulted> {
  const fields = fc.array(fc.constant(null), { minLength: 1, maxLength: 3 }).chain((places) =>
    fc.tuple(
      ...places.map((_, index) =>
        defaulted(depth - 1, `${path}${index}`).chain(({ schema, value }) =>
          fc.record({
            name: fc.constant(`f${index}`),
            schema: fc.constant(schema),
            given: value,
            fallback: fc.option(value, { nil: undefined }),
          }),
        ),
      ),
    ),
  );
  return fields.map((list) => ({
    schema: {
      type: "record",
      name: path === "" ? "Self" : `R${path}`,
      fields: list.map(({ name, schema, fallback }) => ({
        name,
        type: schema,
        ...(fallback !== undefined && { default: fallback }),
      })),
    },
    value: fc.constantFrom({}, Object.fromEntries(list.map(({ name, given }) => [name, given]))),
  }));
}

it("warns of what avsc does not load, for random schemas with defaults that Avro takes", () => {
  const counts = { unloadable: 0, misread: 0 };
  fc.assert(
    fc.property(records(4, ""), ({ schema: document }) => {
      let schema;
      try {
        schema = parseSchema(JSON.stringify(document));
      } catch {
        // A nested union, a name used twice, a default without end: not Avro.
        fc.pre(false);
        return;
      }
      const text = canonicalText(schema);
      const warnings = loadingWarnings(schema);
      const isLoaded = loads(text);
      if (!isLoaded) counts.unloadable += 1;
      expect(isLoaded || warnings.length > 0, text).toBe(true);
      // avsc reads a string where it expects a record as a record of defaults: it loads, with another default.
      if (isLoaded && warnings.length > 0) counts.misread += 1;
    }),
    { numRuns: 2_000, ignoreEqualValues: true },
  );
  expect(counts.unloadable).toBeGreaterThan(100);
  expect(counts.misread).toBeLessThan(counts.unloadable / 20);
});
