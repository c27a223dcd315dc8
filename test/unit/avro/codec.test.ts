import { AvroSchemaError, createCodec, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The value of a schema given as data. */
function roundTrip(schema: string, value: unknown): unknown {
  const codec = createCodec(parseSchema(schema));
  return codec.decode(codec.encode(value));
}

describe("the binary encoding", () => {
  it.each([
    ['"null"', null, ""],
    ['"boolean"', true, "01"],
    ['"int"', -1, "01"],
    ['"int"', 64, "8001"],
    ['"int"', 2 ** 31 - 1, "feffffff0f"],
    ['"int"', -(2 ** 31), "ffffffff0f"],
    ['"long"', 0n, "00"],
    ['"long"', -64n, "7f"],
    ['"long"', 2n ** 30n, "8080808008"],
    ['"long"', 9007199254740993n, "8280808080808020"],
    ['"long"', 2n ** 63n - 1n, "feffffffffffffffff01"],
    ['"long"', -(2n ** 63n), "ffffffffffffffffff01"],
    ['"float"', 1.5, "0000c03f"],
    ['"double"', -2.5, "00000000000004c0"],
    ['"string"', "foo", "06666f6f"],
    ['"string"', "é€😀", "12c3a9e282acf09f9880"],
    ['"bytes"', Uint8Array.of(1, 255), "0401ff"],
    ['{"type":"fixed","name":"F","size":2}', Uint8Array.of(1, 2), "0102"],
    ['{"type":"enum","name":"E","symbols":["A","B"]}', "B", "02"],
    ['{"type":"array","items":"long"}', [3n, 27n], "04063600"],
    ['{"type":"map","values":"int"}', { a: 1 }, "0202610200"],
    ['["null","string"]', "a", "020261"],
    ['["null","string"]', null, "00"],
    ['["string","int"]', { int: 1 }, "0202"],
    [
      '{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}',
      { a: 27n, b: "foo" },
      "3606666f6f",
    ],
    ['{"type":"int","logicalType":"date"}', "1970-01-02", "02"],
    ['{"type":"long","logicalType":"timestamp-millis"}', new Date(-1), "01"],
    [
      '{"type":"string","logicalType":"uuid"}',
      "0193a5c2-7b1e-7c3a-9d55-2f1f4c1f9a11",
      "48" + Buffer.from("0193a5c2-7b1e-7c3a-9d55-2f1f4c1f9a11").toString("hex"),
    ],
    [
      '{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}',
      "0193a5c2-7b1e-7c3a-9d55-2f1f4c1f9a11",
      "0193a5c27b1e7c3a9d552f1f4c1f9a11",
    ],
  ])("of %s %o", (schema, value, expected) => {
    const codec = createCodec(parseSchema(schema));
    expect(hex(codec.encode(value))).toBe(expected);
    expect(codec.decode(Buffer.from(expected, "hex"))).toEqual(value);
  });

  it("covers every width of a long", () => {
    const codec = createCodec("long");
    for (let bits = 0n; bits < 63n; bits++) {
      for (const value of [2n ** bits, 2n ** bits - 1n, -(2n ** bits), -(2n ** bits) - 1n]) {
        expect(codec.decode(codec.encode(value))).toBe(value);
      }
    }
  });

  it("reads blocks with a byte size, as other writers make them", () => {
    expect(
      createCodec({ type: "array", items: "int" }).decode(
        Buffer.from("0304" + "0204" + "0206" + "00", "hex"),
      ),
    ).toEqual([1, 2, 3]);
    expect(
      createCodec({ type: "map", values: "int" }).decode(Buffer.from("0106" + "026102" + "00", "hex")),
    ).toEqual({ a: 1 });
  });

  it("keeps field and key names that JavaScript treats specially", () => {
    const record =
      '{"type":"record","name":"R","fields":[{"name":"__proto__","type":"int"},{"name":"constructor","type":"int"}]}';
    const value = JSON.parse('{"__proto__":1,"constructor":2}');
    expect(Object.entries(Object(roundTrip(record, value)))).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
    const map = roundTrip(
      '{"type":"map","values":{"type":"map","values":"int"}}',
      JSON.parse('{"__proto__":{"polluted":1}}'),
    );
    expect(Object.keys(Object(map))).toEqual(["__proto__"]);
    expect(Object(map).polluted).toBeUndefined();
  });

  it("decodes plain objects with own memory", () => {
    const codec = createCodec({ type: "record", name: "R", fields: [{ name: "b", type: "bytes" }] });
    const bytes = Buffer.from(codec.encode({ b: Uint8Array.of(1, 2, 3) }));
    const { b, ...rest } = codec.decode(bytes);
    bytes.fill(9);
    expect(b).toEqual(Uint8Array.of(1, 2, 3));
    expect(rest).toStrictEqual({});
    expect(Object.getPrototypeOf(codec.decode(codec.encode({ b: Buffer.from("x") })))).toBe(Object.prototype);
  });

  it("gives each encoding its own memory, also while a getter encodes", () => {
    const codec = createCodec({
      type: "record",
      name: "R",
      fields: [
        { name: "a", type: "string" },
        { name: "b", type: "string" },
      ],
    });
    const first = codec.encode({ a: "first", b: "1" });
    const value = {
      a: "outer",
      get b() {
        return hex(codec.encode({ a: "inner", b: "2" }));
      },
    };
    expect(codec.decode(codec.encode(value))).toEqual({ a: "outer", b: "0a696e6e65720232" });
    expect(codec.decode(first)).toEqual({ a: "first", b: "1" });
  });

  it("reads a part of a larger buffer", () => {
    const bytes = Uint8Array.of(9, 9, 6, 102, 111, 111, 9);
    expect(createCodec("string").decode(bytes.subarray(2, 6))).toBe("foo");
  });

  it("follows a type into itself", () => {
    const schema =
      '{"type":"record","name":"Node","fields":[{"name":"value","type":"int"},{"name":"next","type":["null","Node"]}]}';
    const value = { value: 1, next: { value: 2, next: null } };
    expect(roundTrip(schema, value)).toEqual(value);
  });
});

describe("a codec of a parsed schema", () => {
  it("takes types from references", () => {
    const money = parseSchema(
      '{"type":"record","name":"shop.Money","fields":[{"name":"cents","type":"long"}]}',
    );
    const order = parseSchema(
      '{"type":"record","name":"shop.Order","fields":[{"name":"total","type":"Money"}]}',
      { references: [money] },
    );
    const codec = createCodec(order);
    expect(codec.decode(codec.encode({ total: { cents: 5n } }))).toEqual({ total: { cents: 5n } });
  });

  it("compiles chains of types that are deeper than the stack", () => {
    const chain = Array.from(
      { length: 5000 },
      (_, index) =>
        `{"type":"record","name":"R${index}","fields":[${index === 0 ? "" : `{"name":"f","type":["null","R${index - 1}"]}`}]}`,
    );
    const codec = createCodec(parseSchema(`[${chain.join(",")}]`));
    expect(codec.decode(codec.encode({ R4999: { f: null } }))).toEqual({ R4999: { f: null } });
  });

  it("refuses a literal whose schema is not valid", () => {
    expect(() =>
      createCodec({ type: "record", name: "R", fields: [{ name: "a", type: "Missing" }] }),
    ).toThrow(AvroSchemaError);
  });
});
