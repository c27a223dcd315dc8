import { canonicalText, parseSchema, type AvroSchema } from "@tidemark/schema-registry/avro";
import { describeChange, diffSchemas, fieldReaders, type SchemaChange } from "@tidemark/schema-registry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { schemaCases } from "../avro/arbitrary-schema.ts";

function diff(before: AvroSchema, after: AvroSchema): readonly SchemaChange[] {
  return diffSchemas(parseSchema(before), parseSchema(after));
}

function lines(before: AvroSchema, after: AvroSchema): readonly string[] {
  return diff(before, after).map((change) => `${change.path} ${describeChange(change)}`);
}

function entry(fields: readonly object[], more: object = {}): string {
  // Literals of a table, checked by the parser.
  return JSON.stringify({ type: "record", name: "Entry", namespace: "ledger", fields, ...more });
}

const memo = { name: "memo", type: ["null", "string"], default: null };
const amount = { name: "amount", type: "long" };

describe("fields", () => {
  it.each<[string, readonly object[], readonly object[], readonly string[]]>([
    ["nothing", [amount], [amount], []],
    [
      "added",
      [amount],
      [amount, memo],
      ['/fields/1 field ledger.Entry.memo added: {"name":"memo","type":["null","string"],"default":null}'],
    ],
    [
      "removed",
      [memo, amount],
      [amount],
      ['/fields/0 field ledger.Entry.memo removed: {"name":"memo","type":["null","string"],"default":null}'],
    ],
    [
      "renamed",
      [amount],
      [{ name: "units", type: "long", aliases: ["amount"] }],
      [
        '/fields/0 field ledger.Entry.units renamed from "amount"',
        '/fields/0/aliases aliases of ledger.Entry.units added: ["amount"]',
      ],
    ],
    [
      "another type",
      [amount],
      [{ name: "amount", type: "double" }],
      ['/fields/0/type type of ledger.Entry.amount changed: "long" -> "double"'],
    ],
    [
      "made nullable",
      [amount],
      [{ name: "amount", type: ["null", "long"] }],
      ["/fields/0/type/0 branch null of ledger.Entry.amount added"],
    ],
    [
      "no longer nullable",
      [{ name: "amount", type: ["null", "long"] }],
      [amount],
      ["/fields/0/type/0 branch null of ledger.Entry.amount removed"],
    ],
    [
      "default, doc, order",
      [{ name: "amount", type: "long", doc: "cents" }],
      [{ name: "amount", type: "long", default: 0, order: "ignore" }],
      [
        '/fields/0/doc doc of ledger.Entry.amount removed: "cents"',
        "/fields/0/default default of ledger.Entry.amount added: 0",
        '/fields/0/order order of ledger.Entry.amount changed: "ascending" -> "ignore"',
      ],
    ],
    [
      "order of fields",
      [amount, memo],
      [memo, amount],
      ['/fields order of fields of ledger.Entry changed: ["amount","memo"] -> ["memo","amount"]'],
    ],
    [
      "logical type inside of an array",
      [{ name: "on", type: { type: "array", items: "int" } }],
      [{ name: "on", type: { type: "array", items: { type: "int", logicalType: "date" } } }],
      ['/fields/0/type/items/logicalType logicalType of ledger.Entry.on added: "date"'],
    ],
    [
      "order of branches",
      [{ name: "id", type: ["string", "long"] }],
      [{ name: "id", type: ["long", "string"] }],
      ['/fields/0/type order of branches of ledger.Entry.id changed: ["string","long"] -> ["long","string"]'],
    ],
    [
      "array to map",
      [{ name: "on", type: { type: "array", items: "int" } }],
      [{ name: "on", type: { type: "map", values: "int" } }],
      [
        '/fields/0/type type of ledger.Entry.on changed: {"type":"array","items":"int"} -> {"type":"map","values":"int"}',
      ],
    ],
  ])("%s", (_name, before, after, expected) => {
    expect(lines(entry(before), entry(after))).toEqual(expected);
  });
});

describe("types", () => {
  const currency = (symbols: readonly string[], more: object = {}): object => ({
    name: "currency",
    type: { type: "enum", name: "Currency", symbols, ...more },
  });

  it("symbols, their order and the enum's default", () => {
    expect(
      lines(
        entry([currency(["EUR", "USD", "GBP"])]),
        entry([currency(["USD", "EUR", "CHF"], { default: "EUR" })]),
      ),
    ).toEqual([
      "/fields/0/type/symbols/2 symbol CHF of ledger.Currency added",
      "/fields/0/type/symbols/2 symbol GBP of ledger.Currency removed",
      '/fields/0/type/symbols order of symbols of ledger.Currency changed: ["EUR","USD","GBP"] -> ["USD","EUR","CHF"]',
      '/fields/0/type/default default of ledger.Currency added: "EUR"',
    ]);
  });

  it("a type that comes and one that goes, each told once", () => {
    const fixed = { name: "hash", type: { type: "fixed", name: "Hash", size: 16 } };
    expect(lines(entry([currency(["EUR"])]), entry([fixed]))).toEqual([
      expect.stringMatching(/^\/fields\/0 field ledger.Entry.hash added/),
      expect.stringMatching(/^\/fields\/0 field ledger.Entry.currency removed/),
      '/fields/0/type type ledger.Hash added: {"type":"fixed","name":"Hash","namespace":"ledger","size":16}',
      expect.stringMatching(/^\/fields\/0\/type type ledger.Currency removed/),
    ]);
  });

  it("a namespace move is a rename, with what changed inside", () => {
    const moved = entry([currency(["EUR", "USD"])], { namespace: "books" });
    expect(lines(entry([currency(["EUR"])]), moved)).toEqual([
      '/name type books.Entry renamed from "ledger.Entry"',
      '/fields/0/type/name type books.Currency renamed from "ledger.Currency"',
      "/fields/0/type/symbols/1 symbol USD of books.Currency added",
    ]);
  });

  it("a type used twice is compared once, one that moved to another field is still compared", () => {
    const twice = (size: number): AvroSchema =>
      entry([
        { name: "a", type: { type: "fixed", name: "Hash", size } },
        { name: "b", type: "Hash" },
      ]);
    expect(lines(twice(16), twice(32))).toEqual([
      "/fields/0/type/size size of ledger.Hash changed: 16 -> 32",
    ]);
    const at = (name: string, size: number): AvroSchema =>
      entry([{ name, type: { type: "fixed", name: "Hash", size } }]);
    expect(lines(at("a", 16), at("b", 32))).toContain(
      "/fields/0/type/size size of ledger.Hash changed: 16 -> 32",
    );
  });

  it("two types that swap places are no renames", () => {
    const fixed = (name: string, type: string, size: number): object => ({
      name,
      type: { type: "fixed", name: type, size },
    });
    expect(
      lines(entry([fixed("a", "A", 1), fixed("b", "B", 2)]), entry([fixed("a", "B", 2), fixed("b", "A", 1)])),
    ).toEqual([
      '/fields/0/type type of ledger.Entry.a changed: "ledger.A" -> "ledger.B"',
      '/fields/1/type type of ledger.Entry.b changed: "ledger.B" -> "ledger.A"',
    ]);
  });

  it("recursive schemas end", () => {
    const tree = (more: readonly object[]): AvroSchema =>
      entry([{ name: "children", type: { type: "array", items: "Entry" } }, ...more]);
    expect(lines(tree([]), tree([memo]))).toHaveLength(1);
  });

  it("a type of a reference has its name as the root of the path", () => {
    const money = (fields: readonly object[]): ReturnType<typeof parseSchema> =>
      parseSchema(JSON.stringify({ type: "record", name: "Money", namespace: "ledger", fields }));
    const text = entry([{ name: "amount", type: "Money" }]);
    const before = parseSchema(text, { references: [money([amount])] });
    const after = parseSchema(text, { references: [money([amount, memo])] });
    expect(diffSchemas(before, after).map(({ path, name }) => [path, name])).toEqual([
      ["ledger.Money#/fields/1", "memo"],
    ]);
  });
});

const random = schemaCases({ logical: true }).map(({ schema }) => parseSchema(schema));

it("is empty for a schema and itself, and only then", () => {
  fc.assert(
    fc.property(random, random, (before, after) => {
      expect(diffSchemas(before, before)).toEqual([]);
      expect(diffSchemas(before, after).length === 0).toBe(canonicalText(before) === canonicalText(after));
    }),
    { numRuns: 500 },
  );
});

it("points into the texts: what a path leads to is what the change says", () => {
  fc.assert(
    fc.property(random, random, (before, after) => {
      const texts = { before: JSON.parse(canonicalText(before)), after: JSON.parse(canonicalText(after)) };
      for (const { path, change, name, element } of diffSchemas(before, after)) {
        const found = path
          .split("/")
          .slice(1)
          .reduce(
            (node: unknown, step) => Reflect.get(Object(node), step),
            change === "removed" ? texts.before : texts.after,
          );
        // The namespace of a renamed type may be inherited; an order that is ascending is not written.
        if (element === "type" || name === "order") continue;
        expect(found, `${change} ${element} ${name} at ${path}`).toBeDefined();
      }
    }),
    { numRuns: 500 },
  );
});

it("stops at 1,000 changes, and takes no time for schemas of hostile size", () => {
  const many = Array.from({ length: 30_000 }, (_, at) => ({ name: `f${at}`, type: "int" }));
  const limits = { maxTextLength: 4_000_000 };
  const parse = (text: AvroSchema): ReturnType<typeof parseSchema> => parseSchema(text, { limits });
  const wide = parse(entry(many));
  const reversed = parse(entry(many.toReversed()));
  const symbols = many.map(({ name }) => name);
  const enums = [symbols, symbols.toReversed()].map((list) =>
    parse(entry([{ name: "e", type: { type: "enum", name: "E", symbols: list } }])),
  );
  const started = performance.now();
  expect(diffSchemas(parse(entry([])), wide)).toHaveLength(1_000);
  expect(diffSchemas(wide, parse(entry([])))).toHaveLength(1_000);
  expect(diffSchemas(wide, reversed)).toMatchObject([{ name: "order of fields" }]);
  const [earlier = wide, later = wide] = enums;
  expect(diffSchemas(earlier, later)).toMatchObject([{ name: "order of symbols" }]);
  expect(performance.now() - started).toBeLessThan(2_000);
});

describe("who reads a removed field", () => {
  const reads = (reader: AvroSchema): readonly string[] =>
    fieldReaders(diff(entry([amount, memo]), entry([amount])), parseSchema(reader)).map(
      ({ type, field, fallback }) => `${type}.${field} ${fallback}`,
    );

  it.each<[string, AvroSchema, readonly string[]]>([
    ["by name, with its default", entry([memo]), ["ledger.Entry.memo null"]],
    [
      "by an alias, without a default",
      entry([{ name: "note", type: "string", aliases: ["memo"] }]),
      ["ledger.Entry.memo null"],
    ],
    ["not at all", entry([amount]), []],
    ["of another record", entry([memo], { name: "Other" }), []],
    [
      "of a record that answers to the name",
      entry([memo], { name: "Other", aliases: ["Entry"] }),
      ["ledger.Entry.memo null"],
    ],
    ["of the record in another namespace", entry([memo], { namespace: "books" }), ["ledger.Entry.memo null"]],
    [
      "deep inside",
      JSON.stringify([{ type: "array", items: JSON.parse(entry([memo])) }]),
      ["ledger.Entry.memo null"],
    ],
  ])("%s", (_name, reader, expected) => {
    expect(reads(reader)).toEqual(expected);
  });
});
