import { AvroSchemaError } from "./avro-schema-error.ts";
import { definitionOf } from "./compile-skip.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "./json-value.ts";
import type { DefinitionNode, ParsedSchema, RecordNode, SchemaNode, UnionNode } from "./parsed-schema.ts";
import { bytesValue, intValue, longValue, type Read } from "./read-leaf.ts";
import { branchName, isWrapped } from "./union-branches.ts";
import { isValidDefault } from "./valid-default.ts";

/** Defaults of defaults multiply; no sensible one has this many parts. */
const maxParts = 10_000;

/** The value that a reader's field has when the writer has none: built anew each time, so that nobody shares it. */
export function compileDefault(schema: ParsedSchema, type: SchemaNode, value: JsonValue): Read {
  return compile({ schema, parts: 0 }, type, value);
}

interface Compilation {
  readonly schema: ParsedSchema;
  parts: number;
}

function compile(compilation: Compilation, type: SchemaNode, value: JsonValue): Read {
  compilation.parts += 1;
  if (compilation.parts > maxParts) throw invalid(`it has more than ${maxParts} parts`);
  const node = definitionOf(compilation.schema.names, type);
  switch (node.kind) {
    case "union":
      return unionDefault(compilation, node, value);
    case "array": {
      const items = isJsonArray(value) ? value.map((item) => compile(compilation, node.items, item)) : [];
      return (source) => items.map((item) => item(source));
    }
    case "map":
      return objectOf(
        [...entriesOf(value)].map(([key, item]) => [key, compile(compilation, node.values, item)]),
      );
    case "record":
      return recordDefault(compilation, node, value);
    default:
      return leafDefault(node, value);
  }
}

function leafDefault(node: Exclude<DefinitionNode, UnionNode | RecordNode>, value: JsonValue): Read {
  const text = typeof value === "string" ? value : "";
  const number = isJsonNumber(value) ? value.number : "0";
  switch (node.kind) {
    case "int":
      return intValue(() => Number(number), node.logicalType);
    case "long":
      return longValue(() => BigInt(number), node.logicalType);
    case "float":
    case "double":
      return () => Number(number);
    case "bytes":
      return bytesValue(() => bytesFromText(text), node.logicalType);
    case "fixed":
      return bytesValue(() => bytesFromText(text, node.size), node.logicalType);
    case "enum":
      if (!node.symbols.includes(text)) throw invalid(`${JSON.stringify(text)} is no symbol of ${node.name}`);
      return () => text;
    default:
      return () => value;
  }
}

/** Each character of a default for bytes stands for one byte. */
function bytesFromText(text: string, size = text.length): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(text.slice(0, size), "latin1"));
  return bytes;
}

function unionDefault(compilation: Compilation, union: UnionNode, value: JsonValue): Read {
  const check = { names: compilation.schema.names, seen: new Map(), depth: 0 };
  const branch = union.branches.find((candidate) => isValidDefault(check, candidate, value));
  if (branch === undefined) throw invalid("it is of no branch of its union");
  const read = compile(compilation, branch, value);
  const name = branchName(branch);
  return isWrapped(union) && branch.kind !== "null" ? (source) => ({ [name]: read(source) }) : read;
}

function recordDefault(compilation: Compilation, record: RecordNode, value: JsonValue): Read {
  const given = new Map(entriesOf(value));
  return objectOf(
    record.fields.map((field) => {
      const part = given.get(field.name) ?? (given.has(field.name) ? null : field.default);
      if (part === undefined) throw invalid(`it lacks the field ${field.name}`);
      return [field.name, compile(compilation, field.type, part)];
    }),
  );
}

function entriesOf(value: JsonValue): Iterable<readonly [string, JsonValue]> {
  return isJsonObject(value) ? value : [];
}

function objectOf(parts: readonly (readonly [string, Read])[]): Read {
  return (source) => Object.fromEntries(parts.map(([key, read]) => [key, read(source)]));
}

function invalid(reason: string): AvroSchemaError {
  return new AvroSchemaError({
    path: "",
    rule: "invalid-default",
    message: `A default of the reader's schema cannot be used: ${reason}`,
  });
}
