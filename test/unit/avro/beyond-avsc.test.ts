import {
  AvroSchemaError,
  AvroValueError,
  createCodec,
  createResolver,
  parseSchema,
  type AvroSchema,
} from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { failure } from "./value-failure.ts";

/** The value after a way through bytes. */
function roundTrip(schema: AvroSchema, value: unknown): unknown {
  const codec = createCodec(parseSchema(schema));
  return codec.decode(codec.encode(value));
}

/** What a reader's default gives for a writer without the field. */
function defaultOf(type: AvroSchema, fallback: unknown): unknown {
  const fields = [{ name: "a", type, default: fallback }];
  const resolver = createResolver(
    parseSchema({ type: "record", name: "R", fields: [] }),
    parseSchema({ type: "record", name: "R", fields }),
  );
  return Object(resolver.decode(new Uint8Array())).a;
}

describe("what avsc alone does not take", () => {
  it.each<[string, AvroSchema, unknown]>([
    [
      "symbols that objects have as members",
      { type: "enum", name: "E", symbols: ["constructor", "toString"] },
      "toString",
    ],
    [
      "a type named like a primitive",
      { type: "record", name: "ns.int", fields: [{ name: "a", type: "int" }] },
      { a: 1 },
    ],
    [
      "a type named like a member of objects",
      { type: "fixed", name: "constructor", size: 0 },
      new Uint8Array(),
    ],
    [
      "branches of one JavaScript type",
      ["int", "long", { type: "map", values: "int" }, { type: "array", items: "int" }, "double"],
      { map: JSON.parse('{"__proto__":1,"a":2}') },
    ],
    [
      "names that differ in the namespace only",
      [
        { type: "record", name: "a.R", fields: [{ name: "f", type: "int" }] },
        { type: "record", name: "b.R", fields: [{ name: "f", type: "string" }] },
      ],
      { "b.R": { f: "x" } },
    ],
  ])("%s", (_name, schema, value) => {
    expect(roundTrip(schema, value)).toEqual(value);
  });

  it("the same type name in two schemas", () => {
    expect(roundTrip({ type: "fixed", name: "F", size: 1 }, Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(roundTrip({ type: "fixed", name: "F", size: 2 }, Uint8Array.of(1, 2))).toEqual(
      Uint8Array.of(1, 2),
    );
  });

  it("types without values, which refuse all", () => {
    for (const schema of ["[]", '{"type":"enum","name":"E","symbols":[]}']) {
      const codec = createCodec(parseSchema(schema));
      expect(() => codec.encode(null)).toThrow(AvroValueError);
      expect(() => codec.encode("constructor")).toThrow(AvroValueError);
      expect(() => codec.decode(new Uint8Array(1))).toThrow(AvroValueError);
    }
    const optional = createCodec(
      parseSchema('["null",{"type":"enum","name":"E","symbols":[]},{"type":"array","items":[]}]'),
    );
    expect(optional.decode(optional.encode({ array: [] }))).toEqual({ array: [] });
  });

  it.each<[string, AvroSchema, unknown]>([
    ["a member of objects for a symbol", { type: "enum", name: "E", symbols: ["A"] }, "constructor"],
    ["an array for a symbol", { type: "enum", name: "E", symbols: ["A"] }, ["A"]],
    ["a text for an empty record", { type: "record", name: "R", fields: [] }, "text"],
    ["an array for a record", { type: "record", name: "R", fields: [{ name: "length", type: "int" }] }, []],
    ["a Date for bytes", "bytes", new Date(0)],
  ])("is refused where avsc would write something: %s", (_name, schema, value) => {
    expect(() => createCodec(parseSchema(schema)).encode(value)).toThrow(AvroValueError);
  });

  it.each<[string, AvroSchema, unknown, unknown]>([
    ["longs beyond 2^53", "long", 9223372036854775807n, 9223372036854775807n],
    ["a later branch", ["null", "string", "long"], 9007199254740993n, { long: 9007199254740993n }],
    [
      "a record with bytes and unions of its own",
      {
        type: "record",
        name: "I",
        fields: [
          { name: "b", type: "bytes", default: "\u00ff" },
          { name: "u", type: ["int", "string"], default: "x" },
          { name: "m", type: { type: "map", values: ["null", "I"] }, default: {} },
        ],
      },
      { m: { a: null } },
      { b: Uint8Array.of(255), u: { string: "x" }, m: { a: null } },
    ],
  ])("takes defaults of %s", (_name, type, fallback, expected) => {
    expect(defaultOf(type, fallback)).toEqual(expected);
  });

  it("reads a type under another namespace and an older name, inside out", () => {
    const writer = parseSchema({
      type: "record",
      name: "old.Order",
      fields: [
        { name: "lines", type: { type: "array", items: { type: "record", name: "Line", fields: [] } } },
      ],
    });
    const reader = parseSchema({
      type: "record",
      name: "shop.Order",
      fields: [
        {
          name: "items",
          aliases: ["lines"],
          type: { type: "array", items: { type: "record", name: "Item", aliases: ["old.Line"], fields: [] } },
        },
      ],
    });
    expect(createResolver(writer, reader).decode(Uint8Array.of(4, 0))).toEqual({ items: [{}, {}] });
  });
});

describe("what avsc cannot do at all is said", () => {
  it("when a record has more fields than a function has parameters", () => {
    const fields = Array.from({ length: 66_000 }, (_, at) => `{"name":"f${at}","type":"int"}`);
    const schema = parseSchema(`{"type":"record","name":"R","fields":[${fields.join(",")}]}`, {
      limits: { maxTextLength: 4_000_000 },
    });
    expect(() => createCodec(schema)).toThrow(AvroSchemaError);
    expect(() => createCodec(schema)).toThrow(/No codec can be built for the schema/);
  });

  it("when the arrays between nested records fill the stack", () => {
    const arrays = `{"type":"array","items":`.repeat(55) + '"N"' + "}".repeat(55);
    const codec = createCodec(
      parseSchema(`{"type":"record","name":"N","fields":[{"name":"f","type":${arrays}}]}`),
    );
    let value: unknown = { f: [] };
    for (let depth = 0; depth < 900; depth++) {
      for (let level = 0; level < 55; level++) value = [value];
      value = { f: value };
    }
    expect(failure(() => codec.encode(value)).expected).toBe("a value that nests less deeply");
    const bytes = new Uint8Array(55 * 900 * 2 + 1).fill(2, 0, 55 * 900);
    expect(failure(() => codec.decode(bytes)).expected).toBe("a value that nests less deeply");
  });
});

describe("a large value", () => {
  it("is written whole, whatever avsc's buffers hold", () => {
    const codec = createCodec({ type: "array", items: "string" });
    for (const length of [1000, 1022, 65_530, 65_536, 300_000]) {
      const value = ["x".repeat(length), "é".repeat(length)];
      expect(codec.decode(codec.encode(value))).toEqual(value);
    }
  });
});
