import { createCodec, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { failure } from "./value-failure.ts";

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
