import type { AvroSchema } from "@tidemark/schema-registry/avro";
import avsc from "avsc";
import { branchOf } from "./arbitrary-schema.ts";

const longs = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** The same schema in avsc, with longs as bigint and every union wrapped. */
export function avscType(schema: AvroSchema): avsc.Type {
  return avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)), {
    registry: { long: longs },
    wrapUnions: true,
  });
}

/** A value of the codec as avsc wants it: buffers for bytes, each union wrapped. */
export function avscValue(schema: AvroSchema, value: unknown): unknown {
  if (typeof schema === "string")
    return schema === "bytes" && value instanceof Uint8Array ? Buffer.from(value) : value;
  if (!("type" in schema)) return unionValue(schema, value);
  switch (schema.type) {
    case "array":
      return Array.isArray(value) && "items" in schema
        ? value.map((item) => avscValue(itemsOf(schema), item))
        : value;
    case "map":
      return mapObject(value, () => valuesOf(schema));
    case "record": {
      const types = new Map(fieldsOf(schema).map((field) => [field.name, field.type]));
      return mapObject(value, (key) => types.get(key) ?? "null");
    }
    case "fixed":
      return value instanceof Uint8Array ? Buffer.from(value) : value;
    default:
      return value;
  }
}

function unionValue(branches: readonly AvroSchema[], value: unknown): unknown {
  if (value === null) return null;
  const others = branches.filter((branch) => branchOf(branch) !== "null");
  const [only] = others;
  if (only !== undefined && others.length === 1) return { [branchOf(only)]: avscValue(only, value) };
  return mapObject(value, (key) => others.find((branch) => branchOf(branch) === key) ?? "null");
}

function mapObject(value: unknown, schemaOf: (key: string) => AvroSchema): unknown {
  return Object.fromEntries(
    Object.entries(Object(value)).map(([key, item]) => [key, avscValue(schemaOf(key), item)]),
  );
}

// The union of schema literals also has a member with free properties, which hides these.
function itemsOf(schema: object): AvroSchema {
  return Reflect.get(schema, "items");
}

function valuesOf(schema: object): AvroSchema {
  return Reflect.get(schema, "values");
}

function fieldsOf(schema: object): { name: string; type: AvroSchema }[] {
  return Reflect.get(schema, "fields");
}
