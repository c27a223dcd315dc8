import { describe, expect, it } from "vitest";
import { check, enumOf, field, fixed, i, n, node, record, s } from "./schema-texts.ts";

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
      message:
        "ledger.Deposited.currency has no default in the reader's schema and is missing in the writer's schema",
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
    [node("", "x.New"), node("", "x.Old"), /add "aliases": \["x.Old"\] to the record/],
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
        "R.a: no branch of the union of the reader's schema can read B of the writer's schema: R.a.y has no default in the reader's schema and is missing in the writer's schema",
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
