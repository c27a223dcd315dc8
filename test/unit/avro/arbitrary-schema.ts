import type { AvroSchema } from "@tidemark/schema-registry/avro";
import fc from "fast-check";

/** A schema with the values that it admits. */
export interface SchemaCase {
  readonly schema: AvroSchema;
  readonly values: fc.Arbitrary<unknown>;
}

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const long = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-70n, 70n));
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 20 }));
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Uint8Array.from(array));
const name = fc.constantFrom("a", "b", "c", "d", "constructor", "__proto__", "x_1");

const plainCases: readonly SchemaCase[] = [
  { schema: "null", values: fc.constant(null) },
  { schema: "boolean", values: fc.boolean() },
  { schema: "int", values: int },
  { schema: "long", values: long },
  { schema: "float", values: fc.float({ noNaN: true }) },
  { schema: "double", values: fc.double({ noNaN: true }) },
  { schema: "bytes", values: bytes },
  { schema: "string", values: text },
];

const decimal = fc.bigInt(-(10n ** 20n) + 1n, 10n ** 20n - 1n).map((unscaled) => ({ unscaled, scale: 4 }));

const logicalCases: readonly SchemaCase[] = [
  { schema: { type: "bytes", logicalType: "decimal", precision: 20, scale: 4 }, values: decimal },
  {
    schema: { type: "bytes", logicalType: "big-decimal" },
    values: fc.record({ unscaled: fc.bigInt(-(10n ** 40n), 10n ** 40n), scale: fc.nat(100) }),
  },
  {
    schema: { type: "int", logicalType: "date" },
    values: fc
      .integer({ min: -700_000, max: 2_900_000 })
      .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
  },
  {
    schema: { type: "long", logicalType: "timestamp-millis" },
    values: fc.date({ noInvalidDate: true }),
  },
  { schema: { type: "long", logicalType: "timestamp-micros" }, values: long },
  { schema: { type: "int", logicalType: "time-millis" }, values: int },
  { schema: { type: "string", logicalType: "uuid" }, values: fc.uuid() },
  { schema: { type: "string", logicalType: "unknown" }, values: text },
];

/** Random schemas; `path` makes the names of their types unique. */
export function schemaCases(
  options: { readonly logical: boolean; readonly depth?: number },
  path = "",
): fc.Arbitrary<SchemaCase> {
  const { logical, depth = 3 } = options;
  const leaves = fc.oneof(
    fc.constantFrom(...plainCases),
    ...(logical ? [fc.constantFrom(...logicalCases)] : []),
    enums(path),
    fixed(path),
  );
  if (depth === 0) return leaves;
  const inner = { logical, depth: depth - 1 };
  return fc.oneof(
    { withCrossShrink: true },
    leaves,
    schemaCases(inner, `${path}i`).map(({ schema, values }) => ({
      schema: { type: "array" as const, items: schema },
      values: fc.array(values, { maxLength: 4 }),
    })),
    schemaCases(inner, `${path}v`).map(({ schema, values }) => ({
      schema: { type: "map" as const, values: schema },
      values: fc.dictionary(fc.oneof(name, fc.string({ maxLength: 5 })), values, {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    })),
    records(inner, path),
    unions(inner, path),
  );
}

function enums(path: string): fc.Arbitrary<SchemaCase> {
  return fc.uniqueArray(fc.constantFrom("A", "B", "C", "D"), { minLength: 1 }).map((symbols) => ({
    schema: { type: "enum", name: `E${path}`, namespace: "ns", symbols },
    values: fc.constantFrom(...symbols),
  }));
}

function fixed(path: string): fc.Arbitrary<SchemaCase> {
  return fc.nat(5).map((size) => ({
    schema: { type: "fixed", name: `F${path}`, size },
    values: fc.uint8Array({ minLength: size, maxLength: size }).map((array) => Uint8Array.from(array)),
  }));
}

function records(inner: { logical: boolean; depth: number }, path: string): fc.Arbitrary<SchemaCase> {
  return fc.uniqueArray(name, { maxLength: 4 }).chain((names) =>
    fc.tuple(...names.map((_, index) => schemaCases(inner, `${path}${index}`))).map((fields) => ({
      schema: {
        type: "record" as const,
        name: `R${path}`,
        fields: fields.map(({ schema }, index) => ({ name: names[index] ?? "", type: schema })),
      },
      values: fc
        .tuple(...fields.map(({ values }) => values))
        .map((values) => Object.fromEntries(values.map((value, index) => [names[index] ?? "", value]))),
    })),
  );
}

function unions(inner: { logical: boolean; depth: number }, path: string): fc.Arbitrary<SchemaCase> {
  return fc
    .uniqueArray(
      fc.nat(9).chain((index) => schemaCases(inner, `${path}u${index}`)),
      { minLength: 1, maxLength: 4, selector: ({ schema }) => branchOf(schema) },
    )
    .map((branches) => branches.filter(({ schema }) => !Array.isArray(schema)))
    .filter((branches) => branches.length > 0)
    .map((branches) => {
      const wrapped = branches.filter(({ schema }) => branchOf(schema) !== "null").length > 1;
      return {
        schema: branches.map(({ schema }) => schema),
        values: fc.oneof(
          ...branches.map(({ schema, values }) =>
            wrapped && branchOf(schema) !== "null"
              ? values.map((value) => ({ [branchOf(schema)]: value }))
              : values,
          ),
        ),
      };
    });
}

/** The name of a branch in Avro's JSON encoding. */
export function branchOf(schema: AvroSchema): string {
  if (typeof schema === "string") return schema;
  if (!("type" in schema)) return "union";
  if (!("name" in schema) || typeof schema.name !== "string") return schema.type;
  return "namespace" in schema && typeof schema.namespace === "string"
    ? `${schema.namespace}.${schema.name}`
    : schema.name;
}
