import {
  AvroSchemaError,
  AvroValueError,
  createCodec,
  createResolver,
  parseDecimal,
  parseSchema,
  type AvroSchema,
} from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

/** Writes a value with one schema and reads it with another. */
function resolve(writer: AvroSchema, reader: AvroSchema, value: unknown): unknown {
  const [writerSchema, readerSchema] = [parseSchema(writer), parseSchema(reader)];
  return createResolver(writerSchema, readerSchema).decode(createCodec(writerSchema).encode(value));
}

type Field = { name: string; type: AvroSchema; default?: unknown; aliases?: readonly string[] };

function record(...fields: Field[]): AvroSchema {
  return { type: "record", name: "R", fields };
}

describe("resolution of records", () => {
  it("skips fields that the reader does not have, of every type", () => {
    const types: Record<string, [AvroSchema, unknown]> = {
      none: ["null", null],
      flag: ["boolean", true],
      int: ["int", -300],
      long: ["long", -(2n ** 62n)],
      float: ["float", 1.5],
      double: ["double", 1.5],
      bytes: ["bytes", Uint8Array.of(1, 2)],
      text: ["string", "text"],
      choice: [{ type: "enum", name: "E", symbols: ["A", "B"] }, "B"],
      hash: [{ type: "fixed", name: "F", size: 3 }, Uint8Array.of(1, 2, 3)],
      list: [{ type: "array", items: "string" }, ["a", "bc"]],
      nulls: [{ type: "array", items: "null" }, [null, null]],
      map: [
        { type: "map", values: "long" },
        { a: 1n, b: 2n },
      ],
      union: [["null", "string", "int"], { string: "x" }],
      node: [
        { type: "record", name: "N", fields: [{ name: "next", type: ["null", "N"] }] },
        { next: { next: null } },
      ],
    };
    const fields = Object.entries(types).map(([name, [type]]) => ({ name, type }));
    const value = Object.fromEntries(Object.entries(types).map(([name, [, part]]) => [name, part]));
    const last: Field = { name: "last", type: "string" };
    expect(resolve(record(...fields, last), record(last), { ...value, last: "end" })).toEqual({
      last: "end",
    });
  });

  it("reorders, renames by alias and fills defaults", () => {
    const writer = record({ name: "old", type: "int" }, { name: "b", type: "string" });
    const reader = record(
      { name: "c", type: ["null", "string"], default: null },
      { name: "b", type: "string" },
      { name: "a", type: "long", aliases: ["old"] },
    );
    expect(resolve(writer, reader, { old: 1, b: "x" })).toEqual({ a: 1n, b: "x", c: null });
  });

  it("gives one value to two fields of the same alias", () => {
    const reader = record(
      { name: "x", type: "int", aliases: ["a"] },
      { name: "y", type: "long", aliases: ["a"] },
    );
    expect(resolve(record({ name: "a", type: "int" }), reader, { a: 7 })).toEqual({ x: 7, y: 7n });
  });

  it.each<[AvroSchema, unknown, unknown]>([
    ["null", null, null],
    ["boolean", false, false],
    ["int", -5, -5],
    ["long", 9007199254740993n, 9007199254740993n],
    ["double", "NaN", Number.NaN],
    ["double", 1, 1],
    ["string", "x", "x"],
    ["bytes", "\u00ff\u0000", Uint8Array.of(255, 0)],
    [{ type: "fixed", name: "F", size: 2 }, "\u0001", Uint8Array.of(1, 0)],
    [{ type: "enum", name: "E", symbols: ["A", "B"] }, "B", "B"],
    [{ type: "array", items: "long" }, [1], [1n]],
    [{ type: "map", values: "int" }, { a: 1 }, { a: 1 }],
    [["null", "int"], 5, 5],
    [["int", "string"], "x", { string: "x" }],
    [
      {
        type: "record",
        name: "I",
        fields: [
          { name: "p", type: "int" },
          { name: "q", type: "long", default: 2 },
        ],
      },
      { p: 1 },
      { p: 1, q: 2n },
    ],
    [{ type: "int", logicalType: "date" }, 1, "1970-01-02"],
    [{ type: "long", logicalType: "timestamp-millis" }, 5, new Date(5)],
    [
      { type: "bytes", logicalType: "decimal", precision: 4, scale: 1 },
      "\u0010",
      { unscaled: 16n, scale: 1 },
    ],
  ])("takes the default of %o from %o", (type, fallback, expected) => {
    const reader = record({ name: "a", type, default: fallback });
    expect(resolve(record(), reader, {})).toEqual({ a: expected });
  });

  it("makes each default anew", () => {
    const reader = parseSchema(record({ name: "a", type: { type: "array", items: "int" }, default: [1] }));
    const resolver = createResolver(parseSchema(record()), reader);
    const first = Object(resolver.decode(new Uint8Array()));
    first.a.push(2);
    expect(resolver.decode(new Uint8Array())).toEqual({ a: [1] });
  });

  it("refuses defaults that Avro admits but nobody can read", () => {
    const reader = parseSchema(
      record({ name: "a", type: { type: "enum", name: "E", symbols: ["A"] }, default: "B" }),
    );
    expect(() => createResolver(parseSchema(record()), reader)).toThrow(AvroSchemaError);
  });

  it("refuses defaults that multiply", () => {
    const levels = Array.from({ length: 40 }, (_, at) => ({
      type: "record" as const,
      name: `L${at}`,
      fields: at === 0 ? [] : ["a", "b"].map((name) => ({ name, type: `L${at - 1}`, default: {} })),
    }));
    const reader = parseSchema([
      ...levels,
      { type: "record", name: "R", fields: [{ name: "x", type: "L39", default: {} }] },
    ]);
    expect(() => createResolver(parseSchema(record()), reader)).toThrow(/more than 10000 parts/);
  });
});

describe("resolution of values", () => {
  it.each<[AvroSchema, AvroSchema, unknown, unknown]>([
    ["int", "long", 5, 5n],
    ["int", "double", 5, 5],
    ["long", "float", 5n, 5],
    ["float", "double", 0.5, 0.5],
    ["string", "bytes", "é", Uint8Array.of(0xc3, 0xa9)],
    ["bytes", "string", Uint8Array.of(0xc3, 0xa9), "é"],
    ["int", { type: "long", logicalType: "timestamp-millis" }, 5, new Date(5)],
    [{ type: "long", logicalType: "timestamp-millis" }, "long", new Date(5), 5n],
    [
      { type: "fixed", name: "F", size: 16 },
      { type: "fixed", name: "F", size: 16, logicalType: "uuid" },
      new Uint8Array(16),
      "00000000-0000-0000-0000-000000000000",
    ],
    [
      { type: "enum", name: "E", symbols: ["A", "B"] },
      { type: "enum", name: "E", symbols: ["B", "A"] },
      "A",
      "A",
    ],
    [
      { type: "enum", name: "E", symbols: ["A", "B"] },
      { type: "enum", name: "E", symbols: ["C"], default: "C" },
      "B",
      "C",
    ],
    ["int", ["null", "long"], 5, 5n],
    ["int", ["string", "long"], 5, { long: 5n }],
    [["null", "int"], ["null", "string", "long"], 5, { long: 5n }],
    [["null", "int"], ["null", "string", "long"], null, null],
    [["string", "int"], ["int", "null", "string"], { int: 5 }, { int: 5 }],
    [["null", "int"], ["int", "null"], null, null],
    [["int"], "long", 5, 5n],
    [["int", "float"], "double", { float: 0.5 }, 0.5],
    ["float", ["double", "float"], 0.5, { float: 0.5 }],
    [{ type: "array", items: "int" }, { type: "array", items: ["null", "long"] }, [1, 2], [1n, 2n]],
    [
      { type: "map", values: "string" },
      { type: "map", values: "bytes" },
      { a: "x" },
      { a: Uint8Array.of(120) },
    ],
  ])("%o to %o, by the value %o", (writer, reader, value, expected) => {
    expect(resolve(writer, reader, value)).toEqual(expected);
  });

  it("takes the branch of the full name before others of the short name", () => {
    const branch = (namespace: string): AvroSchema => ({ type: "record", name: "R", namespace, fields: [] });
    expect(resolve(branch("b"), [branch("a"), branch("b")], {})).toEqual({ "b.R": {} });
    expect(resolve(branch("c"), [branch("a"), branch("b")], {})).toEqual({ "a.R": {} });
  });

  it("keeps the value of a decimal that was written under another scale", () => {
    const money = (precision: number, scale: number): AvroSchema => ({
      type: "bytes",
      logicalType: "decimal",
      precision,
      scale,
    });
    expect(resolve(money(6, 2), money(10, 4), parseDecimal("1.50"))).toEqual(parseDecimal("1.5000"));
    expect(resolve(money(10, 4), money(6, 2), parseDecimal("1.2345"))).toEqual(parseDecimal("1.2345"));
  });

  it("follows recursive types on both sides", () => {
    const list = (extra: readonly Field[]): AvroSchema => ({
      type: "record",
      name: "N",
      fields: [{ name: "value", type: "int" }, { name: "next", type: ["null", "N"] }, ...extra],
    });
    expect(
      resolve(list([]), list([{ name: "note", type: "string", default: "-" }]), {
        value: 1,
        next: { value: 2, next: null },
      }),
    ).toEqual({
      value: 1,
      next: { value: 2, next: null, note: "-" },
      note: "-",
    });
  });
});

describe("a resolver", () => {
  it("is refused for schemas that do not match", () => {
    const action = () =>
      createResolver(
        parseSchema(record({ name: "a", type: "string" })),
        parseSchema(record({ name: "a", type: "int" })),
      );
    expect(action).toThrow(
      "The reader's schema cannot read the writer's data: TYPE_MISMATCH at R.a (at /fields/0/type)",
    );
  });

  it("checks bytes as a codec does", () => {
    const resolver = createResolver(
      parseSchema(record({ name: "a", type: "int" })),
      parseSchema(record({ name: "a", type: "long" })),
    );
    expect(() => resolver.decode(Uint8Array.of(2, 2))).toThrow(AvroValueError);
    expect(() => resolver.decode(Uint8Array.of(0x80))).toThrow("a: expected 1 more bytes at byte 1, got 0");
    const text = createResolver(parseSchema("bytes"), parseSchema("string"));
    expect(() => text.decode(Uint8Array.of(2, 0xff))).toThrow(/UTF-8/);
    const skipping = createResolver(
      parseSchema(record({ name: "a", type: "string" })),
      parseSchema(record()),
    );
    expect(() => skipping.decode(Uint8Array.of(100))).toThrow(AvroValueError);
    expect(() => skipping.decode(Uint8Array.of(1))).toThrow(AvroValueError);
  });
});
