import { canonicalText, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

describe("the normalized canonical text", () => {
  it.each([
    [
      "sorts properties and keys",
      '{"type":"int","b":{"y":1,"x":[{"d":1,"c":2}]},"a":1}',
      '{"type":"int","a":1,"b":{"x":[{"c":2,"d":1}],"y":1}}',
    ],
    [
      "puts a logical type first",
      '{"type":"bytes","a":1,"scale":2,"precision":4,"logicalType":"decimal"}',
      '{"type":"bytes","logicalType":"decimal","precision":4,"scale":2,"a":1}',
    ],
    [
      "leaves an invalid logical type in its place",
      '{"type":"bytes","scale":2,"logicalType":"decimal","a":1}',
      '{"type":"bytes","a":1,"logicalType":"decimal","scale":2}',
    ],
    [
      "sorts aliases",
      '{"type":"fixed","name":"F","size":1,"aliases":["c","a.b"]}',
      '{"type":"fixed","name":"F","size":1,"aliases":["a.b","c"]}',
    ],
    [
      "drops empty docs of types",
      '{"type":"enum","name":"E","doc":"","symbols":["B","A"]}',
      '{"type":"enum","name":"E","symbols":["B","A"]}',
    ],
    [
      "makes records of errors",
      '{"type":"error","name":"R","fields":[]}',
      '{"type":"record","name":"R","fields":[]}',
    ],
    [
      "spells defaults",
      '{"type":"record","name":"R","fields":[{"name":"a","type":["null","double"],"default":1},{"name":"b","type":{"type":"map","values":"float"},"default":{"y":1,"x":2}},{"name":"c","type":"long","default":1}]}',
      '{"type":"record","name":"R","fields":[{"name":"a","type":["null","double"],"default":1.0},{"name":"b","type":{"type":"map","values":"float"},"default":{"x":2.0,"y":1.0}},{"name":"c","type":"long","default":1}]}',
    ],
  ])("%s", (_name, text, expected) => {
    expect(canonicalText(parseSchema(text), { normalize: true })).toBe(expected);
    expect(canonicalText(parseSchema(expected), { normalize: true })).toBe(expected);
  });

  it("keeps recursion and references", () => {
    const money = parseSchema('{"type":"fixed","name":"shop.Money","size":8,"aliases":["b","a"]}');
    const text =
      '{"type":"record","name":"R","namespace":"shop","fields":[{"name":"m","type":"Money"},{"name":"next","type":["null","R"]}]}';
    expect(canonicalText(parseSchema(text, { references: [money] }), { normalize: true })).toBe(text);
  });
});
