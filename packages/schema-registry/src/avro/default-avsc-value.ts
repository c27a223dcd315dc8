import { AvroSchemaError } from "./avro-schema-error.ts";
import { avscBranch, avscMember, type AvscNames } from "./avsc-names.ts";
import { definitionOf } from "./definition-of.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "./json-value.ts";
import type { ParsedSchema, RecordNode, SchemaNode, UnionNode } from "./parsed-schema.ts";
import { isValidDefault } from "./valid-default.ts";

/** Defaults of defaults multiply; no sensible one has this many parts. */
const maxParts = 10_000;

/**
 * A default of a reader's field, as avsc would have read it from bytes. avsc's own defaults lose digits of longs and
 * take the first branch of each union.
 */
export function defaultAvscValue(
  schema: ParsedSchema,
  names: AvscNames,
  type: SchemaNode,
  value: JsonValue,
): unknown {
  return convert({ schema, names, parts: 0 }, type, value);
}

interface Conversion {
  readonly schema: ParsedSchema;
  readonly names: AvscNames;
  parts: number;
}

function convert(conversion: Conversion, type: SchemaNode, value: JsonValue): unknown {
  conversion.parts += 1;
  if (conversion.parts > maxParts) throw invalid(`it has more than ${maxParts} parts`);
  const node = definitionOf(conversion.schema.names, type);
  const text = typeof value === "string" ? value : "";
  const number = isJsonNumber(value) ? value.number : "0";
  switch (node.kind) {
    case "int":
    case "float":
    case "double":
      return Number(number);
    case "long":
      return BigInt(number);
    case "bytes":
      return Buffer.from(text, "latin1");
    case "fixed":
      // A shorter default is filled up, as Java does; each character stands for one byte.
      return Buffer.concat([Buffer.from(text, "latin1")], node.size);
    case "enum": {
      const index = node.symbols.indexOf(text);
      if (index === -1) throw invalid(`${JSON.stringify(text)} is no symbol of ${node.name}`);
      return avscMember(index);
    }
    case "array":
      return isJsonArray(value) ? value.map((item) => convert(conversion, node.items, item)) : [];
    case "map":
      return mapDefault(conversion, node.values, value);
    case "union":
      return unionDefault(conversion, node, value);
    case "record":
      return recordDefault(conversion, node, value);
    default:
      return value;
  }
}

function mapDefault(conversion: Conversion, values: SchemaNode, value: JsonValue): unknown {
  const entries = [...entriesOf(value)].map(([key, item]) => ({
    [avscMember(0)]: key,
    [avscMember(1)]: convert(conversion, values, item),
  }));
  return { [avscMember(0)]: entries };
}

function unionDefault(conversion: Conversion, union: UnionNode, value: JsonValue): unknown {
  const { schema, names } = conversion;
  const check = { names: schema.names, seen: new Map(), depth: 0 };
  const branch = union.branches.find((candidate) => isValidDefault(check, candidate, value));
  if (branch === undefined) throw invalid("it is of no branch of its union");
  const part = convert(conversion, branch, value);
  return part === null ? null : { [avscBranch(names, definitionOf(schema.names, branch))]: part };
}

function recordDefault(conversion: Conversion, record: RecordNode, value: JsonValue): unknown {
  const given = new Map(entriesOf(value));
  return Object.fromEntries(
    record.fields.map((field, index) => {
      const part = given.get(field.name) ?? (given.has(field.name) ? null : field.default);
      if (part === undefined) throw invalid(`it lacks the field ${field.name}`);
      return [avscMember(index), convert(conversion, field.type, part)];
    }),
  );
}

function entriesOf(value: JsonValue): Iterable<readonly [string, JsonValue]> {
  return isJsonObject(value) ? value : [];
}

function invalid(reason: string): AvroSchemaError {
  return new AvroSchemaError({
    path: "",
    rule: "invalid-default",
    message: `A default of the reader's schema cannot be used: ${reason}`,
  });
}
