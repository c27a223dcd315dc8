import type avsc from "avsc";
import { AvroSchemaError } from "./avro-schema-error.ts";
import type { AvroSchema } from "./avro-schema.ts";
import { avscNames } from "./avsc-names.ts";
import { avscType } from "./avsc-type.ts";
import { decoder } from "./decoder.ts";
import type { FromAvro } from "./from-avro.ts";
import { parseSchema } from "./parse-schema.ts";
import type { ParsedSchema } from "./parsed-schema.ts";
import { toAvscValue } from "./to-avsc-value.ts";
import { toPublicError } from "./value-fault.ts";

/** Turns values of one schema into Avro binary and back. Both throw `AvroValueError`; the schema's work is done once. */
export interface Codec<T> {
  encode(this: void, value: T): Uint8Array;
  /** Reads exactly one value: bytes that are missing or left over are an error. */
  decode(this: void, bytes: Uint8Array): T;
}

/**
 * Compiles a schema. A schema literal also gives the type of the values:
 *
 * | Avro | TypeScript |
 * | --- | --- |
 * | `null`, `boolean`, `string` | the same |
 * | `int`, `float`, `double` | `number` |
 * | `long` | `bigint` |
 * | `bytes`, `fixed` | `Uint8Array` (a copy when decoded) |
 * | `enum` | union of string literals |
 * | `array`, `map`, `record` | array, `Record<string, T>`, object with every field (others are ignored) |
 * | union with one branch besides `null` | that branch, or `null` |
 * | other unions | `{ [branch name]: value }`, or `null` |
 * | `decimal`, `big-decimal` | `Decimal` |
 * | `date` | `"YYYY-MM-DD"` |
 * | `timestamp-millis` | `Date` |
 * | `timestamp-micros`, `time-micros` | `bigint` |
 * | `time-millis` | `number` |
 * | `uuid` | `string` |
 *
 * Other logical types are read as the type below them.
 *
 * @example
 * const codec = createCodec({
 *   type: "record",
 *   name: "ledger.Deposited",
 *   fields: [{ name: "amount", type: { type: "bytes", logicalType: "decimal", precision: 38, scale: 2 } }],
 * });
 * codec.encode({ amount: parseDecimal("10.00") });
 */
export function createCodec(schema: ParsedSchema): Codec<unknown>;
export function createCodec<const S extends AvroSchema>(schema: S): Codec<FromAvro<S>>;
export function createCodec(schema: ParsedSchema | AvroSchema): Codec<unknown> {
  return isParsed(schema) ? compileCodec(schema) : compileCodec(parseLiteral(schema));
}

function isParsed(schema: ParsedSchema | AvroSchema): schema is ParsedSchema {
  return typeof schema === "object" && "root" in schema && "external" in schema;
}

function compileCodec(schema: ParsedSchema): Codec<unknown> {
  const names = avscNames();
  const type = avscType(schema, names);
  const toAvsc = toAvscValue(schema, names);
  return Object.freeze({
    encode(value: unknown): Uint8Array {
      try {
        return encoded(type, toAvsc(value));
      } catch (error) {
        throw toPublicError(error);
      }
    },
    decode: decoder(type, {
      writer: schema,
      reader: schema,
      isReadable: (reader, writer) => reader === writer,
      names,
    }),
  });
}

/** avsc's own buffer is so small that it would write most values twice. Nothing of the user runs while it is in use. */
const scratch = Buffer.allocUnsafeSlow(65_536);

function encoded(type: avsc.Type, value: unknown): Uint8Array {
  const length = type.encode(value, scratch);
  return new Uint8Array(length < 0 ? type.toBuffer(value) : scratch.subarray(0, length));
}

/**
 * A literal gives its values' types to the compiler, so a decimal that the rules of Avro would silently read as
 * bytes is an error here.
 */
function parseLiteral(schema: AvroSchema): ParsedSchema {
  const parsed = parseSchema(schema);
  const decimals = [parsed.root, ...parsed.names.values()];
  for (let node = decimals.pop(); node !== undefined; node = decimals.pop()) {
    if (node.kind === "array") decimals.push(node.items);
    else if (node.kind === "map") decimals.push(node.values);
    else if (node.kind === "union") decimals.push(...node.branches);
    else if (node.kind === "record") for (const field of node.fields) decimals.push(field.type);
    else if (
      (node.kind === "bytes" || node.kind === "fixed") &&
      node.logicalType === undefined &&
      node.properties.get("logicalType") === "decimal"
    ) {
      throw new AvroSchemaError({
        path: "",
        rule: "invalid-decimal",
        message: `A decimal needs a precision of 1 or more, a scale from 0 to the precision, and bytes or a fixed that holds that many digits`,
      });
    }
  }
  return parsed;
}
