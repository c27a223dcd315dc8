import { AvroValueError, createCodec, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { failure } from "./value-failure.ts";

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
