import { AvroSchemaError, AvroValueError, createCodec, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The value of a schema given as data. */
function roundTrip(schema: string, value: unknown): unknown {
  const codec = createCodec(parseSchema(schema));
  return codec.decode(codec.encode(value));
}

function failure(action: () => unknown): AvroValueError {
  try {
    action();
  } catch (error) {
    if (error instanceof AvroValueError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
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

describe("dates", () => {
  const codec = createCodec({ type: "int", logicalType: "date" });

  it.each([
    "1970-01-01",
    "1969-12-31",
    "2000-02-29",
    "1900-02-28",
    "9999-12-31",
    "0000-01-01",
    "2024-02-29",
    "+012345-06-07",
    "-000001-12-31",
  ])("keeps %s", (date) => {
    expect(codec.decode(codec.encode(date))).toBe(date);
  });

  it.each([
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "24-01-01",
    "2024-01-01T00:00:00Z",
    "",
    "+001999-01-01",
  ])("refuses %j", (date) => {
    expect(failure(() => codec.encode(date)).message).toBe(
      `value: expected a date as YYYY-MM-DD, got string ${JSON.stringify(date)}`,
    );
  });

  it("agrees with Date over all of its days", () => {
    for (let days = -100_000_000; days <= 100_000_000; days += 99_991) {
      const expected = new Date(days * 86_400_000).toISOString().slice(0, -14);
      expect(codec.decode(createCodec("int").encode(days))).toBe(expected);
    }
  });

  it("reads every int", () => {
    for (const days of [2 ** 31 - 1, -(2 ** 31)]) {
      const bytes = createCodec("int").encode(days);
      expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
    }
  });
});

describe("a value that does not fit", () => {
  const literal = {
    type: "record",
    name: "ledger.Entry",
    fields: [
      { name: "amount", type: "long" },
      {
        name: "postings",
        type: {
          type: "array",
          items: {
            type: "record",
            name: "Posting",
            fields: [
              { name: "account", type: "string" },
              { name: "side", type: { type: "enum", name: "Side", symbols: ["DEBIT", "CREDIT"] } },
            ],
          },
        },
      },
      { name: "tags", type: { type: "map", values: "int" } },
      { name: "memo", type: ["null", "string"] },
      { name: "origin", type: ["null", "int", { type: "fixed", name: "Hash", size: 2 }] },
      { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
      { name: "id", type: { type: "string", logicalType: "uuid" } },
    ],
  } as const;
  const codec = createCodec(literal);
  const valid = {
    amount: 1n,
    postings: [{ account: "a", side: "DEBIT" }],
    tags: { a: 1 },
    memo: null,
    origin: null,
    at: new Date(0),
    id: "0193a5c2-7b1e-7c3a-9d55-2f1f4c1f9a11",
  };
  // The table holds values that the types refuse, which is its purpose.
  const encode: (value: unknown) => Uint8Array = createCodec(parseSchema(literal)).encode;

  it("fits when it is valid", () => {
    expect(codec.decode(encode(valid))).toEqual(valid);
  });

  it.each([
    [{ amount: 1 }, "amount: expected long (bigint), got number 1; write 1n or BigInt(..)"],
    [{ amount: 0.5 }, "amount: expected long (bigint), got number 0.5"],
    [{ amount: 2n ** 63n }, "amount: expected long (bigint of 64 bits), got bigint 9223372036854775808n"],
    [{ amount: undefined }, "amount: expected long (bigint), got undefined; the field is required"],
    [
      { postings: [valid.postings[0], { account: "b", side: "LEFT" }] },
      'postings[1].side: expected enum ledger.Side (DEBIT, CREDIT), got string "LEFT"',
    ],
    [{ postings: {} }, "postings: expected array, got object {}"],
    [{ postings: [null] }, "postings[0]: expected record ledger.Posting (an object), got null"],
    [
      { tags: { "a b": 2 ** 31 } },
      'tags["a b"]: expected int (a whole number of 32 bits), got number 2147483648',
    ],
    [
      { tags: new Map([["a", 1]]) },
      "tags: expected map (an object), got object {}; use Object.fromEntries(map)",
    ],
    [{ memo: undefined }, "memo: expected a value or null, got undefined; write null for no value"],
    [{ memo: 5 }, "memo: expected string, got number 5"],
    [{ memo: "\ud800" }, "memo: expected string of whole characters, got a lone surrogate"],
    [
      { origin: 5 },
      'origin: expected one of { "int": .. }, { "ledger.Hash": .. } or null, got number 5; wrap the value in an object with the name of its branch',
    ],
    [
      { origin: { "ledger.Hash": Uint8Array.of(1) } },
      'origin["ledger.Hash"]: expected fixed ledger.Hash (Uint8Array of 2 bytes), got 1 bytes',
    ],
    [
      { origin: { int: 1, "ledger.Hash": 2 } },
      'origin: expected one of { "int": .. }, { "ledger.Hash": .. } or null, got object {int, ledger.Hash}; wrap the value in an object with the name of its branch',
    ],
    [{ at: new Date(Number.NaN) }, "at: expected timestamp-millis (a valid Date), got Date (invalid)"],
    [{ at: 0 }, "at: expected timestamp-millis (a valid Date), got number 0"],
    [
      { id: "not-a-uuid" },
      'id: expected uuid (string of 32 hexadecimal digits in five groups), got string "not-a-uuid"',
    ],
  ])("%o is refused by place, rule and remedy", (change, message) => {
    expect(failure(() => encode({ ...valid, ...change })).message).toBe(message);
  });

  it("is refused as a whole", () => {
    expect(failure(() => encode(null))).toMatchObject({
      path: "",
      expected: "record ledger.Entry (an object)",
      actual: "null",
      code: "AVRO_INVALID_VALUE",
    });
  });

  it("is refused when it contains itself", () => {
    const node = createCodec({
      type: "record",
      name: "Node",
      fields: [{ name: "next", type: ["null", "Node"] }],
    });
    const loop: { next: typeof loop | null } = { next: null };
    loop.next = loop;
    expect(failure(() => node.encode(loop)).message).toMatch(
      /expected at most 1000 nested records, got more; the value may refer to itself$/,
    );
  });

  it("leaves the codec usable", () => {
    expect(() => encode({ ...valid, id: "" })).toThrow(AvroValueError);
    expect(codec.decode(encode(valid))).toEqual(valid);
  });
});

describe("bytes that are not a value", () => {
  it.each([
    ['"long"', "", /expected 1 more bytes at byte 0, got 0/],
    ['"long"', "ffffffffffffffffff02", /a long of 64 bits/],
    ['"long"', "ffffffffffffffffffff01", /a long of 64 bits/],
    ['"int"', "ffffffff1f", /an int of 32 bits/],
    ['"int"', "0000", /the end of the data after 1 bytes, got 1 bytes more/],
    ['"boolean"', "02", /a boolean/],
    ['"double"', "00", /8 more bytes/],
    ['"string"', "0a61", /5 more bytes/],
    ['"string"', "01", /a length, got -1/],
    ['"string"', "04c328", /UTF-8/],
    ['"bytes"', "feffffffffffffffff01", /more bytes/],
    ['"bytes"', "feffffff0f", /2147483647 more bytes/],
    ['["null","int"]', "04", /one of 2 union branches, got 2/],
    ['["null","int"]', "01", /one of 2 union branches, got -1/],
    ['{"type":"enum","name":"E","symbols":["A"]}', "02", /a symbol of the enum E/],
    ['{"type":"array","items":"int"}', "8080808002", /a count of elements that fits 0 bytes/],
    ['{"type":"array","items":"int"}', "02", /more bytes|fits 0 bytes/],
    ['{"type":"array","items":"null"}', "8080808008", /elements without data/],
    [
      '{"type":"array","items":{"type":"array","items":"null"}}',
      "06" + "80897a00".repeat(3) + "00",
      /elements without data/,
    ],
    [
      '{"type":"array","items":{"type":"fixed","name":"F","size":0}}',
      "ffffffffffffffffff0100",
      /elements without data/,
    ],
    ['{"type":"map","values":"null"}', "808080800800", /a count of elements/],
    ['{"type":"long","logicalType":"timestamp-millis"}', "feffffffffffffffff01", /100 million days/],
  ])("of %s: %s", (schema, bytes, message) => {
    const codec = createCodec(parseSchema(schema));
    expect(failure(() => codec.decode(Buffer.from(bytes, "hex"))).message).toMatch(message);
  });

  it("names the place", () => {
    const codec = createCodec({
      type: "record",
      name: "R",
      fields: [{ name: "list", type: { type: "array", items: { type: "map", values: "int" } } }],
    });
    expect(failure(() => codec.decode(Buffer.from("04" + "0202610400" + "02026b80", "hex"))).path).toBe(
      'list[1]["k"]',
    );
  });

  it("are refused when they nest without end", () => {
    const list = createCodec({
      type: "record",
      name: "Node",
      fields: [{ name: "next", type: ["null", "Node"] }],
    });
    expect(failure(() => list.decode(new Uint8Array(262_144).fill(2))).message).toMatch(
      /at most 1000 nested records/,
    );
    const endless = createCodec({ type: "record", name: "Loop", fields: [{ name: "self", type: "Loop" }] });
    expect(failure(() => endless.decode(new Uint8Array())).message).toMatch(/at most 1000 nested records/);
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
