import { canonicalText, parseSchema, schemaFingerprint } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

function canonical(text: string): string {
  return canonicalText(parseSchema(text));
}

const record = (fields: string, rest = ""): string =>
  `{"type":"record","name":"R","fields":[${fields}]${rest}}`;
const field = (rest: string, type = '"int"'): string => `{"name":"a","type":${type}${rest}}`;

describe("the canonical text", () => {
  it.each([
    ["a primitive", '"int"', '"int"'],
    ["a primitive as object", '{"type":"int"}', '"int"'],
    ["white space and comments", '{ /* c */ "type" : "int" } // end', '"int"'],
    ["a logical type", '{"logicalType":"date","type":"int"}', '{"type":"int","logicalType":"date"}'],
    [
      "an unknown logical type",
      '{"type":"int","logicalType":"mine","x":1}',
      '{"type":"int","logicalType":"mine","x":1}',
    ],
    [
      "attribute order of a record",
      '{"fields":[],"doc":"d","name":"R","type":"record"}',
      '{"type":"record","name":"R","doc":"d","fields":[]}',
    ],
    [
      "properties and aliases of a record",
      '{"aliases":["Old"],"x":1,"type":"record","name":"R","fields":[]}',
      '{"type":"record","name":"R","fields":[],"x":1,"aliases":["Old"]}',
    ],
    [
      "a dotted name",
      '{"type":"record","name":"a.b.R","fields":[]}',
      '{"type":"record","name":"R","namespace":"a.b","fields":[]}',
    ],
    [
      "a dotted name wins over namespace",
      '{"type":"record","name":"a.R","namespace":"b","fields":[]}',
      '{"type":"record","name":"R","namespace":"a","fields":[]}',
    ],
    [
      "an empty namespace",
      '{"type":"record","name":"R","namespace":"","fields":[]}',
      '{"type":"record","name":"R","fields":[]}',
    ],
    ["an error", '{"type":"error","name":"R","fields":[]}', '{"type":"error","name":"R","fields":[]}'],
    [
      "an inherited namespace",
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"a.F","size":1}}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"F","size":1}}]}',
    ],
    [
      "another namespace inside",
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"b.F","size":1}}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"F","namespace":"b","size":1}}]}',
    ],
    [
      "no namespace inside one",
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"F","namespace":"","size":1}}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"F","namespace":"","size":1}}]}',
    ],
    [
      "a full reference within the namespace",
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":["null","a.R"]}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":["null","R"]}]}',
    ],
    [
      "a reference as object",
      '{"type":"record","name":"R","fields":[{"name":"f","type":["null",{"type":"R"}]}]}',
      '{"type":"record","name":"R","fields":[{"name":"f","type":["null","R"]}]}',
    ],
    [
      "a reference out of the namespace",
      '[{"type":"fixed","name":"F","size":1},{"type":"record","name":"a.R","fields":[{"name":"f","type":"F"}]}]',
      '[{"type":"fixed","name":"F","size":1},{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":"F"}]}]',
    ],
    [
      "a name like a type word in full",
      '{"type":"record","name":"a.R","fields":[{"name":"f","type":{"type":"fixed","name":"a.map","size":1}},{"name":"g","type":"a.map"}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"f","type":{"type":"fixed","name":"map","size":1}},{"name":"g","type":"a.map"}]}',
    ],
    [
      "a use before the definition",
      '{"type":"record","name":"R","fields":[{"name":"f","type":"F"},{"name":"g","type":{"type":"fixed","name":"F","size":1}}]}',
      '{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"fixed","name":"F","size":1}},{"name":"g","type":"F"}]}',
    ],
    [
      "an enum",
      '{"default":"A","symbols":["A","B"],"doc":"d","name":"E","type":"enum","x":[1]}',
      '{"type":"enum","name":"E","doc":"d","symbols":["A","B"],"default":"A","x":[1]}',
    ],
    [
      "an array",
      '{"items":"int","type":"array","default":[]}',
      '{"type":"array","items":"int","default":[]}',
    ],
    ["a map", '{"values":{"type":"long"},"type":"map"}', '{"type":"map","values":"long"}'],
    ["an empty union", "[]", "[]"],
    [
      "field attributes in order",
      record('{"x":1,"aliases":["b"],"order":"ignore","default":1,"doc":"d","type":"int","name":"a"}'),
      record('{"name":"a","type":"int","doc":"d","default":1,"order":"ignore","aliases":["b"],"x":1}'),
    ],
    ["ascending order", record(field(',"order":"ascending"')), record(field(""))],
    ["order in capitals", record(field(',"order":"DESCENDING"')), record(field(',"order":"descending"'))],
    ["empty aliases", record(field(',"aliases":[]'), ',"aliases":[]'), record(field(""))],
    ["aliases twice", record(field(',"aliases":["b","b"]')), record(field(',"aliases":["b"]'))],
    [
      "aliases in the own namespace",
      '{"type":"fixed","name":"a.F","size":1,"aliases":["a.G","b.H","I"]}',
      '{"type":"fixed","name":"F","namespace":"a","size":1,"aliases":["G","b.H","I"]}',
    ],
    ["a doc that is no text", record("", ',"doc":5'), record("")],
    [
      "structural words on a primitive",
      '{"type":"string","name":"x","size":1,"avro.java.string":"String"}',
      '{"type":"string","avro.java.string":"String"}',
    ],
    [
      "a null default",
      record(field(',"default":null', '["null","int"]')),
      record(field(',"default":null', '["null","int"]')),
    ],
    [
      "a default of a later branch",
      record(field(',"default":1', '["null","int"]')),
      record(field(',"default":1', '["null","int"]')),
    ],
    [
      "a long beyond 2^53",
      record(field(',"default":9007199254740993', '"long"')),
      record(field(',"default":9007199254740993', '"long"')),
    ],
    [
      "the lowest long",
      record(field(',"default":-9223372036854775808', '"long"')),
      record(field(',"default":-9223372036854775808', '"long"')),
    ],
    ["a whole double", record(field(',"default":1', '"double"')), record(field(',"default":1', '"double"'))],
    [
      "a double with a fraction",
      record(field(',"default":1.0', '"double"')),
      record(field(',"default":1.0', '"double"')),
    ],
    [
      "a double with an exponent",
      record(field(',"default":1e3', '"double"')),
      record(field(',"default":1000.0', '"double"')),
    ],
    [
      "a large double",
      record(field(',"default":1e10', '"double"')),
      record(field(',"default":1.0E10', '"double"')),
    ],
    [
      "a small double",
      record(field(',"default":0.00012', '"double"')),
      record(field(',"default":1.2E-4', '"double"')),
    ],
    [
      "a minus zero",
      record(field(',"default":-0.0', '"double"')),
      record(field(',"default":-0.0', '"double"')),
    ],
    [
      "NaN as text",
      record(field(',"default":"NaN"', '"double"')),
      record(field(',"default":"NaN"', '"double"')),
    ],
    [
      "a number as text",
      record(field(',"default":"2.50"', '"float"')),
      record(field(',"default":2.5', '"float"')),
    ],
    [
      "a whole number as text",
      record(field(',"default":"2"', '"float"')),
      record(field(',"default":2.0', '"float"')),
    ],
    [
      "escapes",
      '{"type":"int","x":"\\u00e9\\u0007\\/\\n\\"\\\\\\u001f\\u2028"}',
      '{"type":"int","x":"é\\u0007/\\n\\"\\\\\\u001F\u2028"}',
    ],
    [
      "integer-like and special keys in their order",
      '{"type":"int","x":{"2":1,"1":2,"__proto__":{"a":null},"b":true}}',
      '{"type":"int","x":{"2":1,"1":2,"__proto__":{"a":null},"b":true}}',
    ],
    ["the last of two equal keys", '{"type":"int","x":1,"y":2,"x":3}', '{"type":"int","x":3,"y":2}'],
    [
      "huge numbers in properties",
      '{"type":"int","x":123456789012345678901234567890,"y":1e400}',
      '{"type":"int","x":123456789012345678901234567890,"y":"Infinity"}',
    ],
    [
      "a logical type on the field",
      record(field(',"logicalType":"date"')),
      record(field(',"logicalType":"date"')),
    ],
    [
      "an invalid decimal",
      '{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}',
      '{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}',
    ],
  ])("of %s", (_name, text, expected) => {
    expect(canonical(text)).toBe(expected);
    expect(canonical(expected)).toBe(expected);
  });

  it.each([
    ["doc", record("", ',"doc":"d"')],
    ["default", record(field(',"default":1'))],
    ["1 and 1.0", record(field(',"default":1.0', '"double"'))],
    ["aliases", record("", ',"aliases":["Q"]')],
    ["order", record(field(',"order":"ignore"'))],
    ["properties", record("", ',"x":1')],
  ])("tells schemas apart by %s", (_name, text) => {
    expect(canonical(text)).not.toBe(canonical(record(field(""))));
    expect(canonical(text)).not.toBe(canonical(record("")));
  });

  it("leaves references unresolved", () => {
    const money = parseSchema(
      '{"type":"record","name":"shop.Money","fields":[{"name":"cents","type":"long"}]}',
    );
    const text =
      '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"total","type":"shop.Money"},{"name":"tax","type":"Money"}]}';
    expect(canonicalText(parseSchema(text, { references: [money] }))).toBe(
      text.replace('"shop.Money"', '"Money"'),
    );
  });

  it("is the same for a literal", () => {
    expect(
      canonicalText(
        parseSchema({
          type: "record",
          name: "a.R",
          fields: [{ name: "n", type: "long", default: 9007199254740993n }],
        }),
      ),
    ).toBe(
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"n","type":"long","default":9007199254740993}]}',
    );
  });
});

describe("the fingerprint", () => {
  it("is the sha256 of the text, in lower-case hexadecimal", () => {
    expect(schemaFingerprint('"int"')).toBe(
      "3f2b87a9fe7cc9b13835598c3981cd45e3e355309e5090aa0933d7becb6fba45",
    );
  });
});
