import { checkCompatibility, type Incompatibility } from "@tidemark/schema-registry";
import { createResolver, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

function check(reader: string, writer: string): readonly Incompatibility[] {
  return checkCompatibility(parseSchema(reader), parseSchema(writer));
}

function found(reader: string, writer: string): string[] {
  return check(reader, writer).map(({ kind, path }) => `${kind} ${path}`);
}

const record = (...fields: string[]): string => `{"type":"record","name":"R","fields":[${fields.join(",")}]}`;
const field = (name: string, type: string, rest = ""): string => `{"name":"${name}","type":${type}${rest}}`;
const enumOf = (symbols: string, rest = "", name = "E"): string =>
  `{"type":"enum","name":"${name}","symbols":[${[...symbols].map((symbol) => `"${symbol}"`).join(",")}]${rest}}`;
const fixed = (size: number, name = "F", rest = ""): string =>
  `{"type":"fixed","name":"${name}","size":${size}${rest}}`;
const array = (items: string): string => `{"type":"array","items":${items}}`;
const map = (values: string): string => `{"type":"map","values":${values}}`;
const node = (fields: string, name = "N"): string =>
  `{"type":"record","name":"${name}","fields":[${fields}]}`;
const [i, l, f, d, s, b, n, t] = [
  '"int"',
  '"long"',
  '"float"',
  '"double"',
  '"string"',
  '"bytes"',
  '"null"',
  '"boolean"',
];

describe("a primitive reader", () => {
  const promotions: Record<string, string[]> = {
    null: ["null"],
    boolean: ["boolean"],
    int: ["int"],
    long: ["long", "int"],
    float: ["float", "int", "long"],
    double: ["double", "int", "long", "float"],
    bytes: ["bytes", "string"],
    string: ["string", "bytes"],
  };
  const primitives = Object.keys(promotions);
  it.each(primitives.flatMap((reader) => primitives.map((writer) => [reader, writer] as const)))(
    "of %s reads %s as Avro promotes it",
    (reader, writer) => {
      const expected = promotions[reader]?.includes(writer) === true ? [] : ["TYPE_MISMATCH /"];
      expect(found(`"${reader}"`, `"${writer}"`)).toEqual(expected);
    },
  );
});

describe("a reader that can read the writer", () => {
  it.each([
    ["the same record", record(field("a", i)), record(field("a", i))],
    ["no fields", record(), record(field("a", i), field("b", s))],
    ["a field less", record(field("a", i)), record(field("a", i), field("b", s))],
    ["another order of fields", record(field("b", s), field("a", i)), record(field("a", i), field("b", s))],
    ["a field with a default", record(field("a", i), field("b", s, ',"default":"x"')), record(field("a", i))],
    ["a field with a null default", record(field("a", `[${n},${s}]`, ',"default":null')), record()],
    ["a promoted field", record(field("a", l)), record(field("a", i))],
    ["a field by alias", record(field("new", i, ',"aliases":["old"]')), record(field("old", i))],
    ["a field that became nullable", record(field("a", `[${n},${i}]`)), record(field("a", i))],
    [
      "a field nullable in another order",
      record(field("a", `[${i},${n}]`)),
      record(field("a", `[${n},${i}]`)),
    ],
    [
      "a default of another value",
      record(field("a", i, ',"default":1')),
      record(field("a", i, ',"default":2')),
    ],
    [
      "another doc, order and properties",
      record(field("a", i, ',"doc":"x","order":"ignore","p":1')),
      record(field("a", i)),
    ],
    [
      "another logical type",
      record(field("a", '{"type":"long","logicalType":"timestamp-millis"}')),
      record(field("a", l)),
    ],
    [
      "another scale",
      '{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}',
      '{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}',
    ],
    [
      "a name in another namespace",
      '{"type":"record","name":"x.R","fields":[]}',
      '{"type":"record","name":"y.R","fields":[]}',
    ],
    ["a name out of a namespace", record(), '{"type":"record","name":"y.R","fields":[]}'],
    ["a type by alias", '{"type":"record","name":"New","aliases":["R"],"fields":[]}', record()],
    [
      "a type by its full alias",
      '{"type":"record","name":"x.New","aliases":["y.Old"],"fields":[]}',
      '{"type":"record","name":"y.Old","fields":[]}',
    ],
    ["an enum", enumOf("AB"), enumOf("AB")],
    ["an enum with more symbols", enumOf("ABC"), enumOf("AB")],
    ["an enum in another order", enumOf("BA"), enumOf("AB")],
    ["an enum with a default for unknown symbols", enumOf("A", ',"default":"A"'), enumOf("ABC")],
    ["an enum in another namespace", enumOf("A", "", "x.E"), enumOf("A", "", "y.E")],
    ["an enum by alias", enumOf("A", ',"aliases":["E"]', "G"), enumOf("A")],
    ["a fixed", fixed(4), fixed(4)],
    ["a fixed of size zero", fixed(0), fixed(0)],
    ["a fixed in another namespace", fixed(4, "x.F"), fixed(4, "y.F")],
    ["an array", array(i), array(i)],
    ["an array of promoted items", array(d), array(f)],
    ["a map", map(s), map(s)],
    ["a map of promoted values", map(s), map(b)],
    ["an empty union of an empty union", "[]", "[]"],
    ["anything of an empty union", i, "[]"],
    ["a union with more branches", `[${n},${i},${s}]`, `[${n},${i}]`],
    ["a union in another order", `[${s},${i}]`, `[${i},${s}]`],
    ["a union that promotes", `[${d},${b}]`, `[${i},${l},${f},${s}]`],
    ["a branch of a union", `[${n},${s}]`, s],
    ["a branch by promotion", `[${n},${d}]`, i],
    ["a union of one", i, `[${i}]`],
    ["every branch by promotion", d, `[${i},${f}]`],
    ["a record in a union", `[${n},${record(field("a", i))}]`, record(field("a", i))],
    ["a record in a union of another namespace", '[{"type":"record","name":"x.R","fields":[]}]', record()],
    [
      "the second record of the name",
      `[{"type":"record","name":"x.R","fields":[${field("z", i)}]},{"type":"record","name":"y.R","fields":[]}]`,
      '{"type":"record","name":"x.R","fields":[]}',
    ],
    ["a record behind one of the same kind", `[${node("", "A")},${node("", "B")}]`, node("", "B")],
    ["an enum in a union with its default", `[${n},${enumOf("A", ',"default":"A"')}]`, enumOf("AB")],
    ["a recursive record", node(field("next", `[${n},"N"]`)), node(field("next", `[${n},"N"]`))],
    [
      "a recursive record with more",
      node(field("next", `[${n},"N"]`) + "," + field("x", i, ',"default":0')),
      node(field("next", `[${n},"N"]`)),
    ],
    [
      "mutual recursion",
      node(field("m", `[${n},${node(field("n", `[${n},"N"]`), "M")}]`)),
      node(field("m", `[${n},${node(field("n", `[${n},"N"]`), "M")}]`)),
    ],
    [
      "a recursive record against a longer cycle",
      node(field("x", `[${n},"N"]`)),
      node(field("x", `[${n},${`{"type":"record","name":"q.N","fields":[${field("x", `[${n},"N"]`)}]}`}]`)),
    ],
    ["a record that is recursive without end", node(field("self", '"N"')), node(field("self", '"N"'))],
    ["nested containers", array(map(`[${n},${d}]`)), array(map(`[${n},${i}]`))],
    ["a field of an error", '{"type":"error","name":"R","fields":[]}', record()],
    [
      "a nested record with a new default",
      record(field("a", node(field("x", i) + "," + field("y", i, ',"default":1')))),
      record(field("a", node(field("x", i)))),
    ],
    ["an alias that is also its name", record(field("a", i, ',"aliases":["a"]')), record(field("a", i))],
    [
      "an alias that the writer does not have",
      record(field("a", i, ',"aliases":["z"]')),
      record(field("a", i)),
    ],
    [
      "two uses of one type",
      record(field("a", enumOf("A")), field("b", '"E"')),
      record(field("a", enumOf("A")), field("b", '"E"')),
    ],
  ])("%s", (_name, reader, writer) => {
    expect(found(reader, writer)).toEqual([]);
    expect(() => createResolver(parseSchema(writer), parseSchema(reader))).not.toThrow();
  });
});

describe("a reader that cannot read the writer", () => {
  it.each([
    ["another name", '{"type":"record","name":"Q","fields":[]}', record(), ["NAME_MISMATCH /name"]],
    [
      "an alias of the writer",
      record(),
      '{"type":"record","name":"Q","aliases":["R"],"fields":[]}',
      ["NAME_MISMATCH /name"],
    ],
    [
      "an alias in the wrong namespace",
      '{"type":"record","name":"x.New","aliases":["Old"],"fields":[]}',
      '{"type":"record","name":"y.Old","fields":[]}',
      ["NAME_MISMATCH /name"],
    ],
    ["names in another case", '{"type":"record","name":"r","fields":[]}', record(), ["NAME_MISMATCH /name"]],
    ["another enum name", enumOf("A", "", "G"), enumOf("A"), ["NAME_MISMATCH /name"]],
    ["another fixed name", fixed(1, "G"), fixed(1), ["NAME_MISMATCH /name"]],
    [
      "another fixed name and size",
      fixed(2, "G"),
      fixed(1),
      ["NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"],
    ],
    ["a larger fixed", fixed(5), fixed(4), ["FIXED_SIZE_MISMATCH /size"]],
    [
      "a smaller fixed in a field",
      record(field("a", fixed(1))),
      record(field("a", fixed(2))),
      ["FIXED_SIZE_MISMATCH /fields/0/type/size"],
    ],
    ["fewer symbols", enumOf("A"), enumOf("AB"), ["MISSING_ENUM_SYMBOLS /symbols"]],
    ["other symbols", enumOf("B"), enumOf("A"), ["MISSING_ENUM_SYMBOLS /symbols"]],
    [
      "fewer symbols and another name",
      enumOf("A", "", "G"),
      enumOf("AB"),
      ["NAME_MISMATCH /name", "MISSING_ENUM_SYMBOLS /symbols"],
    ],
    [
      "a default in the writer's enum only",
      enumOf("A"),
      enumOf("AB", ',"default":"A"'),
      ["MISSING_ENUM_SYMBOLS /symbols"],
    ],
    [
      "a default of the field, not the enum",
      record(field("a", enumOf("A"), ',"default":"A"')),
      record(field("a", enumOf("AB"))),
      ["MISSING_ENUM_SYMBOLS /fields/0/type/symbols"],
    ],
    [
      "a new field without default",
      record(field("a", i), field("b", s)),
      record(field("a", i)),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"],
    ],
    [
      "a nullable field without default",
      record(field("a", `[${n},${i}]`)),
      record(),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"],
    ],
    [
      "two new fields without default",
      record(field("a", i), field("b", s)),
      record(),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"],
    ],
    [
      "a renamed field",
      record(field("new", i)),
      record(field("old", i)),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"],
    ],
    [
      "an alias on the writer's field",
      record(field("new", i)),
      record(field("old", i, ',"aliases":["new"]')),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"],
    ],
    [
      "a new field whose enum alone has a default",
      record(field("a", enumOf("A", ',"default":"A"'))),
      record(),
      ["TYPE_MISMATCH /fields/0/type"],
    ],
    [
      "a new enum field by reference with a default",
      record(field("a", enumOf("A", ',"default":"A"')), field("b", '"E"')),
      record(field("a", enumOf("A"))),
      ["TYPE_MISMATCH /fields/1/type"],
    ],
    ["a narrowed field", record(field("a", i)), record(field("a", l)), ["TYPE_MISMATCH /fields/0/type"]],
    [
      "a field of another type",
      record(field("x", i), field("a", s)),
      record(field("a", t), field("x", i)),
      ["TYPE_MISMATCH /fields/1/type"],
    ],
    [
      "an alias with another type",
      record(field("new", t, ',"aliases":["old"]')),
      record(field("old", i)),
      ["TYPE_MISMATCH /fields/0/type"],
    ],
    [
      "an alias that makes two matches",
      record(field("a", i, ',"aliases":["b"]')),
      record(field("a", i), field("b", i)),
      ["NAME_MISMATCH /fields/0/aliases"],
    ],
    ["an array of another type", array(i), array(s), ["TYPE_MISMATCH /items"]],
    ["a map of another type", map(i), map(s), ["TYPE_MISMATCH /values"]],
    ["an array as map", array(i), map(i), ["TYPE_MISMATCH /"]],
    ["a map as array", map(i), array(i), ["TYPE_MISMATCH /"]],
    ["an array as its item", array(i), i, ["TYPE_MISMATCH /"]],
    ["a record as map", record(), map(i), ["TYPE_MISMATCH /"]],
    ["an enum as string", s, enumOf("A"), ["TYPE_MISMATCH /"]],
    ["a string as enum", enumOf("A"), s, ["TYPE_MISMATCH /"]],
    ["a fixed as bytes", b, fixed(4), ["TYPE_MISMATCH /"]],
    ["bytes as fixed", fixed(4), b, ["TYPE_MISMATCH /"]],
    ["an enum as fixed", enumOf("A", "", "X"), fixed(1, "X"), ["TYPE_MISMATCH /"]],
    ["a record as enum of its name", enumOf("A", "", "R"), record(), ["TYPE_MISMATCH /"]],
    [
      "a boolean as int in a field",
      record(field("a", i)),
      record(field("a", t)),
      ["TYPE_MISMATCH /fields/0/type"],
    ],
    [
      "null no longer allowed",
      record(field("a", i)),
      record(field("a", `[${n},${i}]`)),
      ["TYPE_MISMATCH /fields/0/type/0"],
    ],
    ["two branches that do not fit", i, `[${n},${i},${s}]`, ["TYPE_MISMATCH /0", "TYPE_MISMATCH /2"]],
    ["an array of nullable items", array(i), array(`[${i},${n}]`), ["TYPE_MISMATCH /items/1"]],
    ["a branch less", `[${n},${i}]`, `[${n},${i},${s}]`, ["MISSING_UNION_BRANCH /2"]],
    [
      "two branches less",
      `[${i}]`,
      `[${n},${i},${s}]`,
      ["MISSING_UNION_BRANCH /0", "MISSING_UNION_BRANCH /2"],
    ],
    ["no branch for a type", `[${n},${i}]`, s, ["MISSING_UNION_BRANCH /"]],
    ["no branch for a wider type", `[${n},${i}]`, l, ["MISSING_UNION_BRANCH /"]],
    ["an empty union", "[]", i, ["MISSING_UNION_BRANCH /"]],
    ["an empty union for a union", "[]", `[${i}]`, ["MISSING_UNION_BRANCH /0"]],
    [
      "a union field",
      record(field("a", `[${n},${i}]`)),
      record(field("a", s)),
      ["MISSING_UNION_BRANCH /fields/0/type"],
    ],
    [
      "a union field of a union",
      record(field("a", `[${n},${i}]`)),
      record(field("a", `[${n},${s}]`)),
      ["MISSING_UNION_BRANCH /fields/0/type/1"],
    ],
    [
      "a changed record in a union",
      `[${n},${record(field("a", i))}]`,
      `[${n},${record(field("a", s))}]`,
      ["MISSING_UNION_BRANCH /1"],
    ],
    ["a changed enum in a union", `[${n},${enumOf("A")}]`, enumOf("AB"), ["MISSING_UNION_BRANCH /"]],
    ["another record in a union", `[${n},${node("", "A")}]`, node("", "B"), ["MISSING_UNION_BRANCH /"]],
    [
      "a changed record in an array",
      array(record(field("a", i))),
      array(record(field("a", s))),
      ["TYPE_MISMATCH /items/fields/0/type"],
    ],
    [
      "a changed record in a map of arrays",
      map(array(record(field("a", i)))),
      map(array(record())),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /values/items/fields/0"],
    ],
    [
      "a nested record",
      record(field("a", node(field("x", i)))),
      record(field("a", node(field("x", s)))),
      ["TYPE_MISMATCH /fields/0/type/fields/0/type"],
    ],
    [
      "a nested name",
      record(field("a", node("", "A"))),
      record(field("a", node("", "B"))),
      ["NAME_MISMATCH /fields/0/type/name"],
    ],
    [
      "several at once",
      record(field("a", i), field("b", enumOf("A")), field("c", fixed(1)), field("d", s)),
      record(field("a", s), field("b", enumOf("AB")), field("c", fixed(2))),
      [
        "TYPE_MISMATCH /fields/0/type",
        "MISSING_ENUM_SYMBOLS /fields/1/type/symbols",
        "FIXED_SIZE_MISMATCH /fields/2/type/size",
        "READER_FIELD_MISSING_DEFAULT_VALUE /fields/3",
      ],
    ],
    [
      "one type in two places, told once",
      record(field("a", fixed(1)), field("b", '"F"')),
      record(field("a", fixed(2)), field("b", '"F"')),
      ["FIXED_SIZE_MISMATCH /fields/0/type/size"],
    ],
    [
      "a recursive record",
      node(field("v", i) + "," + field("next", `[${n},"N"]`)),
      node(field("v", s) + "," + field("next", `[${n},"N"]`)),
      ["TYPE_MISMATCH /fields/0/type"],
    ],
    [
      "a recursive record, from inside",
      node(field("next", '"N"') + "," + field("v", i)),
      node(field("next", '"N"')),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"],
    ],
    [
      "mutual recursion",
      node(field("m", node(field("n", '"N"') + "," + field("x", i), "M"))),
      node(field("m", node(field("n", '"N"'), "M"))),
      ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0/type/fields/1"],
    ],
  ])("%s", (_name, reader, writer, expected) => {
    expect(found(reader, writer)).toEqual(expected);
    expect(() => createResolver(parseSchema(writer), parseSchema(reader))).toThrow(
      /cannot read the writer's data/,
    );
  });
});

describe("an incompatibility", () => {
  const v1 = '{"type":"record","name":"ledger.Deposited","fields":[{"name":"amount","type":"long"}]}';

  it("says which field, which rule and what to do", () => {
    const [reason] = check(
      '{"type":"record","name":"ledger.Deposited","fields":[{"name":"amount","type":"long"},{"name":"currency","type":"string"}]}',
      v1,
    );
    expect(reason).toEqual({
      kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
      path: "/fields/1",
      message: "ledger.Deposited.currency has no default and is missing in the writer's schema",
      hint: 'Give the field currency a "default", such as null with the type ["null", ..], or, if it was renamed, an alias with its old name.',
      readerFragment:
        '{"type":"record","name":"Deposited","namespace":"ledger","fields":[{"name":"amount","type":"long"},{"name":"currency","type":"string"}]}',
      writerFragment:
        '{"type":"record","name":"Deposited","namespace":"ledger","fields":[{"name":"amount","type":"long"}]}',
    });
  });

  it.each([
    [
      record(field("a", enumOf("A"), ',"default":"A"')),
      record(field("a", enumOf("AB"))),
      /Give the enum its own "default".*a default of the field is not used for that/,
    ],
    [record(field("a", i)), record(field("a", `[${n},${i}]`)), /Keep "null" among the branches/],
    [record(field("a", i)), record(field("a", s)), /put the new one into a new field with a default/],
    [node("", "x.New"), node("", "x.Old"), /add "aliases": \["x.Old"\] to the reader's record/],
    [record(field("a", enumOf("A", ',"default":"A"'))), record(), /Give the field a itself a "default"/],
    [`[${n},${i}]`, `[${n},${s}]`, /Keep string among the branches/],
    [fixed(1), fixed(2), /Keep the size of the fixed/],
    [record(field("a", i, ',"aliases":["b"]')), record(field("a", i), field("b", i)), /Remove the aliases/],
  ])("hints at the way out", (reader, writer, hint) => {
    expect(check(reader, writer)[0]?.hint).toMatch(hint);
  });

  it("inside a union carries the reasons of the branch that comes closest", () => {
    const reader = record(
      field("a", `[${n},${node(field("x", i), "A")},${node(field("x", i) + "," + field("y", s), "B")}]`),
    );
    const writer = record(field("a", `[${n},${node(field("x", i), "B")}]`));
    const [reason] = check(reader, writer);
    expect(reason).toMatchObject({
      kind: "MISSING_UNION_BRANCH",
      path: "/fields/0/type/1",
      message:
        "R.a: no branch of the reader's union can read the writer's B: R.a.y has no default and is missing in the writer's schema",
      hint: expect.stringContaining("Give the field y a"),
      nested: [{ kind: "READER_FIELD_MISSING_DEFAULT_VALUE", path: "/fields/0/type/2/fields/1" }],
    });
  });

  it("inside nested unions carries the reasons of the inner one", () => {
    const inner = (type: string): string => `[${n},${node(field("u", `[${n},${type}]`), "A")}]`;
    const [reason] = check(inner(enumOf("A")), inner(enumOf("AB")));
    expect(reason?.nested?.[0]).toMatchObject({
      kind: "MISSING_UNION_BRANCH",
      path: "/1/fields/0/type/1",
      nested: [{ kind: "MISSING_ENUM_SYMBOLS" }],
    });
  });

  it("shows fragments of bounded size", () => {
    const fields = Array.from({ length: 500 }, (_, index) => field(`field_number_${index}`, i));
    const [reason] = check(record(...fields, field("z", i)), record(...fields));
    expect(reason?.readerFragment.length).toBeLessThanOrEqual(2003);
  });
});

describe("hostile schemas", () => {
  const ring = (length: number, prefix: string): string =>
    `[${Array.from({ length }, (_, at) => node(field("next", `[${n},"${prefix}${(at + 1) % length}.N"]`), `${prefix}${at}.N`)).join(",")}]`;

  it("with cycles of different length end", () => {
    const limits = { limits: { maxDepth: 64 } };
    // Each ring has one use before its definition, the last one.
    const [reader, writer] = [97, 89].map((length, index) =>
      parseSchema(ring(length, index === 0 ? "a" : "b"), limits),
    );
    expect(reader && writer && checkCompatibility(reader, writer)).toEqual([]);
  });

  it("do not repeat shared reasons exponentially", () => {
    const levels = (leaf: string): string =>
      `[${Array.from({ length: 40 }, (_, at) => node(at === 0 ? field("x", leaf) : `${field("a", `"L${at - 1}"`)},${field("b", `"L${at - 1}"`)}`, `L${at}`)).join(",")}]`;
    expect(found(levels(i), levels(s)).length).toBe(40);
  });

  it("are refused when the comparison has no sensible end", () => {
    const records = Array.from(
      { length: 700 },
      (_, at) =>
        `{"type":"record","name":"n${at}.R","fields":[${field("x", at % 2 === 0 ? enumOf("A", "", `n${at}.E`) : i)}]}`,
    );
    const reader = parseSchema(`[${records.join(",")}]`);
    const writer = parseSchema(
      `[${records.map((text) => text.replace('"name":"x"', '"name":"y"')).join(",")}]`,
    );
    expect(() => checkCompatibility(reader, writer)).toThrow(/more than 200000 steps/);
  });

  it("with large unions are compared by name, not pair by pair", () => {
    const enums = (rest: string): string =>
      `[${Array.from({ length: 5000 }, (_, at) => enumOf(`A${rest}`, "", `E${at}`)).join(",")}]`;
    const [reader, writer] = [parseSchema(enums("B")), parseSchema(enums(""))];
    const before = performance.now();
    expect(checkCompatibility(reader, writer)).toEqual([]);
    expect(performance.now() - before).toBeLessThan(1500);
    expect(checkCompatibility(writer, reader)).toHaveLength(100);
  });
});
