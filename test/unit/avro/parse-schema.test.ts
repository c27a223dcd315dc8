import { parseSchema, type AvroSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { refusal } from "./schema-refusal.ts";

const withField = (type: string, value?: string): string =>
  `{"type":"record","name":"R","fields":[{"name":"a","type":${type}${value === undefined ? "" : `,"default":${value}`}}]}`;
const inner =
  '{"type":"record","name":"I","fields":[{"name":"x","type":"int"},{"name":"y","type":"string","default":"z"}]}';

describe("parseSchema accepts", () => {
  it.each([
    ["a bare name", "string"],
    ["names with underscores and digits", '{"type":"fixed","name":"_a1.B_2","size":0}'],
    ["an empty record", '{"type":"record","name":"R","fields":[]}'],
    ["an empty enum", '{"type":"enum","name":"E","symbols":[]}'],
    ["an empty union", "[]"],
    ["a type named like a type word", '{"type":"record","name":"record","fields":[]}'],
    ["a short name of a primitive in a namespace", '{"type":"record","name":"x.string","fields":[]}'],
    [
      "the same short name in two namespaces",
      '[{"type":"fixed","name":"a.F","size":1},{"type":"fixed","name":"b.F","size":1}]',
    ],
    [
      "an alias that another type has as name",
      '[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"G","size":1,"aliases":["F"]}]',
    ],
    [
      "a name of the enclosing namespace before one without",
      '{"type":"record","name":"a.R","fields":[{"name":"f","type":["null","R"]}]}',
    ],
    [
      "a name without namespace from inside one",
      '[{"type":"fixed","name":"F","size":1},{"type":"record","name":"a.R","fields":[{"name":"f","type":"F"}]}]',
    ],
    [
      "mutual recursion with a use before the definition",
      '[{"type":"record","name":"A","fields":[{"name":"b","type":["null","B"]}]},{"type":"record","name":"B","fields":[{"name":"a","type":["null","A"]}]}]',
    ],
    ["a default for every branch", withField('["null","int","string"]', '"x"')],
    ["a text as default of bytes", withField('"bytes"', '"\\u00ff"')],
    ["a text of any length as default of fixed", withField('{"type":"fixed","name":"F","size":2}', '"abc"')],
    ["any text as default of an enum field", withField('{"type":"enum","name":"E","symbols":["A"]}', '"B"')],
    ["a whole number as default of a double", withField('"double"', "1")],
    ["NaN as default of a float", withField('"float"', '"NaN"')],
    ["an array default", withField('{"type":"array","items":"int"}', "[1,2]")],
    ["a map default", withField('{"type":"map","values":"boolean"}', '{"a":true}')],
    ["a record default that leaves out a field with default", withField(inner, '{"x":1}')],
    ["a record default with more than the fields", withField(inner, '{"x":1,"q":2}')],
    ["the lowest int", withField('"int"', "-2147483648")],
    ["an invalid logical type", '{"type":"bytes","logicalType":"decimal"}'],
    [
      "an enum default that is no text, which is ignored",
      '{"type":"enum","name":"E","symbols":["A"],"default":1}',
    ],
  ])("%s", (_name, text) => {
    expect(() => parseSchema(text)).not.toThrow();
  });
});

describe("parseSchema refuses", () => {
  it.each([
    ["no schema", "", "malformed-json", ""],
    ["a number", "5", "not-a-schema", ""],
    ["null in a union", "[null]", "not-a-schema", "/0"],
    ["an object without type", "{}", "missing-type", ""],
    ["a type that is an object", '{"type":{"type":"int"}}', "missing-type", ""],
    ["an unknown name", '"Missing"', "unknown-name", ""],
    [
      "an unknown name in a field",
      withField('{"type":"array","items":"a.B"}'),
      "unknown-name",
      "/fields/0/type/items",
    ],
    ["a record without name", '{"type":"record","fields":[]}', "missing-name", ""],
    ["a record without fields", '{"type":"record","name":"R"}', "missing-fields", ""],
    ["a field that is a text", '{"type":"record","name":"R","fields":["a"]}', "not-a-field", "/fields/0"],
    [
      "a field without type",
      '{"type":"record","name":"R","fields":[{"name":"a"}]}',
      "missing-type",
      "/fields/0",
    ],
    [
      "a field without name",
      '{"type":"record","name":"R","fields":[{"type":"int"}]}',
      "missing-name",
      "/fields/0",
    ],
    [
      "a field name with a dash",
      '{"type":"record","name":"R","fields":[{"name":"a-b","type":"int"}]}',
      "invalid-name",
      "/fields/0/name",
    ],
    [
      "a field name with a point",
      '{"type":"record","name":"R","fields":[{"name":"a.b","type":"int"}]}',
      "invalid-name",
      "/fields/0/name",
    ],
    [
      "two equal fields",
      '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
      "duplicate-field",
      "/fields/1",
    ],
    ["a name that begins with a digit", '{"type":"fixed","name":"1F","size":1}', "invalid-name", "/name"],
    ["a name beyond ASCII", '{"type":"fixed","name":"Ä","size":1}', "invalid-name", "/name"],
    ["a bad namespace", '{"type":"fixed","name":"F","namespace":"a-b","size":1}', "invalid-name", "/name"],
    ["an empty name", '{"type":"fixed","name":"","size":1}', "invalid-name", "/name"],
    ["an empty part of a name", '{"type":"fixed","name":"a..F","size":1}', "invalid-name", "/name"],
    ["the name of a primitive", '{"type":"record","name":"string","fields":[]}', "invalid-name", ""],
    ["a bad alias", '{"type":"fixed","name":"F","size":1,"aliases":["x y"]}', "invalid-name", "/aliases"],
    ["aliases as text", '{"type":"fixed","name":"F","size":1,"aliases":"G"}', "missing-aliases", ""],
    [
      "an alias that is a number",
      '{"type":"fixed","name":"F","size":1,"aliases":[1]}',
      "invalid-alias",
      "/aliases/0",
    ],
    [
      "a name twice",
      '[{"type":"fixed","name":"F","size":1},{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"fixed","name":"F","size":1}}]}]',
      "duplicate-name",
      "/1/fields/0/type",
    ],
    [
      "a name twice, once while open",
      '{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"fixed","name":"R","size":1}}]}',
      "duplicate-name",
      "/fields/0/type",
    ],
    ["an array without items", '{"type":"array"}', "missing-items", ""],
    ["a map without values", '{"type":"map"}', "missing-values", ""],
    ["an enum without symbols", '{"type":"enum","name":"E"}', "missing-symbols", ""],
    [
      "an enum symbol twice",
      '{"type":"enum","name":"E","symbols":["A","A"]}',
      "duplicate-symbol",
      "/symbols/1",
    ],
    [
      "an enum symbol with a space",
      '{"type":"enum","name":"E","symbols":["A B"]}',
      "invalid-name",
      "/symbols/0",
    ],
    [
      "an enum symbol that is a number",
      '{"type":"enum","name":"E","symbols":[1]}',
      "invalid-name",
      "/symbols/0",
    ],
    [
      "an enum default outside the symbols",
      '{"type":"enum","name":"E","symbols":["A"],"default":"B"}',
      "invalid-enum-default",
      "/default",
    ],
    ["a fixed without size", '{"type":"fixed","name":"F"}', "invalid-size", "/size"],
    ["a negative size", '{"type":"fixed","name":"F","size":-1}', "invalid-size", "/size"],
    ["a size with a fraction", '{"type":"fixed","name":"F","size":1.0}', "invalid-size", "/size"],
    ["a union in a union", '["null",["int"]]', "nested-union", "/1"],
    ["a branch twice", '["int",{"type":"int","logicalType":"date"}]', "duplicate-branch", "/1"],
    [
      "two arrays in a union",
      '[{"type":"array","items":"int"},{"type":"array","items":"long"}]',
      "duplicate-branch",
      "/1",
    ],
    ["a named branch twice", '[{"type":"fixed","name":"F","size":1},"F"]', "duplicate-branch", "/1"],
    [
      "an unknown order",
      '{"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"up"}]}',
      "invalid-order",
      "/fields/0/order",
    ],
    ["a null default of a text", withField('"string"', "null"), "invalid-default", "/fields/0/default"],
    ["a fraction as default of an int", withField('"int"', "1.0"), "invalid-default", "/fields/0/default"],
    ["a default beyond int", withField('"int"', "2147483648"), "invalid-default", "/fields/0/default"],
    [
      "a default beyond long",
      withField('"long"', "9223372036854775808"),
      "invalid-default",
      "/fields/0/default",
    ],
    ["a text as default of a long", withField('"long"', '"1"'), "invalid-default", "/fields/0/default"],
    [
      "a bad text as default of a double",
      withField('"double"', '"abc"'),
      "invalid-default",
      "/fields/0/default",
    ],
    [
      "a text of a double in a union",
      withField('["null","double"]', '"1.5"'),
      "invalid-default",
      "/fields/0/default",
    ],
    ["a default of no branch", withField('["null","int"]', '"x"'), "invalid-default", "/fields/0/default"],
    ["a default of an empty union", withField("[]", "null"), "invalid-default", "/fields/0/default"],
    [
      "a bad element in an array default",
      withField('{"type":"array","items":"int"}', "[1,null]"),
      "invalid-default",
      "/fields/0/default",
    ],
    [
      "a bad value in a map default",
      withField('{"type":"map","values":"int"}', '{"a":"b"}'),
      "invalid-default",
      "/fields/0/default",
    ],
    ["a record default that lacks a field", withField(inner, "{}"), "invalid-default", "/fields/0/default"],
    ["a number as record default", withField(inner, "1"), "invalid-default", "/fields/0/default"],
    [
      "a default that contains itself",
      '{"type":"record","name":"R","fields":[{"name":"self","type":"R","default":{}}]}',
      "invalid-default",
      "/fields/0/default",
    ],
    ["text behind the schema", '"int" "int"', "malformed-json", ""],
    ["an unclosed object", '{"type":"int"', "malformed-json", ""],
    ["a comma too many", '["int",]', "malformed-json", ""],
    ["single quotes", "{'type':'int'}", "malformed-json", ""],
    ["a leading zero", '{"type":"int","x":01}', "malformed-json", ""],
    ["NaN as a number", '{"type":"int","x":NaN}', "malformed-json", ""],
    ["a line break in a string", '"a\nb"', "malformed-json", ""],
    ["a bad escape", '"\\x"', "malformed-json", ""],
    ["a short unicode escape", '"\\u12"', "malformed-json", ""],
  ])("%s", (_name, text, rule, path) => {
    expect(refusal(text)).toMatchObject({ rule, path, code: "AVRO_INVALID_SCHEMA" });
  });

  it("says what to do", () => {
    expect(refusal(withField('"string"', "null")).message).toBe(
      "The default of the field a is null, which is no value of its type (at /fields/0/default)",
    );
    expect(refusal('{"type":"int"').message).toBe(
      'The schema is not JSON: expected "," or "}" at line 1, column 14, found the end',
    );
  });

  it("literals that JSON cannot hold", () => {
    // A value from untyped code.
    const loop: { type: "array"; items: AvroSchema } = { type: "array", items: "int" };
    loop.items = loop;
    expect(refusal(loop).rule).toBe("too-deep");
    expect(refusal({ type: "int", x: new Date() })).toMatchObject({ rule: "malformed-json", path: "/x" });
    expect(refusal({ type: "int", x: Number.NaN })).toMatchObject({ rule: "malformed-json", path: "/x" });
    expect(refusal({ type: "int", x: () => 1 })).toMatchObject({ rule: "malformed-json", path: "/x" });
  });
});

describe("references", () => {
  const money = parseSchema(
    '{"type":"record","name":"shop.Money","fields":[{"name":"cents","type":"long"}]}',
  );

  it("may be used by full name or within the namespace", () => {
    expect(() => parseSchema('"shop.Money"', { references: [money] })).not.toThrow();
    expect(() =>
      parseSchema('{"type":"record","name":"shop.O","fields":[{"name":"m","type":"Money"}]}', {
        references: [money],
      }),
    ).not.toThrow();
  });

  it("carry their own references", () => {
    const price = parseSchema(
      '{"type":"record","name":"shop.Price","fields":[{"name":"m","type":"Money"}]}',
      { references: [money] },
    );
    expect(() => parseSchema('["shop.Money","shop.Price"]', { references: [price, money] })).not.toThrow();
  });

  it("may not be defined again, nor differ", () => {
    expect(refusal('{"type":"fixed","name":"shop.Money","size":1}', { references: [money] }).rule).toBe(
      "duplicate-name",
    );
    const other = parseSchema('{"type":"record","name":"shop.Money","fields":[]}');
    expect(refusal('"shop.Money"', { references: [money, other] }).rule).toBe("duplicate-name");
    const same = parseSchema(
      '{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}',
    );
    expect(() => parseSchema('"shop.Money"', { references: [money, same] })).not.toThrow();
  });
});
