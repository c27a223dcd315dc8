import { avscMember } from "./avsc-names.ts";
import { bytesFromBigDecimal } from "./big-decimal.ts";
import { daysFromDate } from "./calendar-date.ts";
import { fixedFromBigint, unscaledFor } from "./decimal-bytes.ts";
import { bytesFromUuid, millisFromDate, requireUuid } from "./logical-values.ts";
import type { EnumNode, FixedNode, PrimitiveNode } from "./parsed-schema.ts";
import { bytesFromBigint } from "./signed-bytes.ts";
import { describeValue, ValueFault } from "./value-fault.ts";

type ToAvscLeaf = (value: unknown) => unknown;

/** The check and conversion of a type that contains no other types. */
export function toAvscLeaf(node: PrimitiveNode | EnumNode | FixedNode): ToAvscLeaf {
  switch (node.kind) {
    case "null":
      return requireNull;
    case "boolean":
      return requireBoolean;
    case "int":
      return node.logicalType?.name === "date" ? daysFromDate : requireInt;
    case "long":
      return node.logicalType?.name === "timestamp-millis" ? millisFromDate : requireLong;
    case "float":
      return (value) => requireNumber(value, "float");
    case "double":
      return (value) => requireNumber(value, "double");
    case "string":
      return node.logicalType?.name === "uuid" ? requireUuid : requireString;
    case "bytes":
      return bytesToAvsc(node);
    case "enum":
      return enumToAvsc(node);
    case "fixed":
      return fixedToAvsc(node);
  }
}

function requireNull(value: unknown): null {
  if (value !== null) throw new ValueFault("null", describeValue(value));
  return value;
}

function requireBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new ValueFault("boolean", describeValue(value));
  return value;
}

function requireInt(value: unknown): number {
  if (typeof value === "number" && (value | 0) === value) return value;
  throw new ValueFault("int (a whole number of 32 bits)", describeValue(value));
}

function requireLong(value: unknown): bigint {
  if (typeof value !== "bigint") {
    const isWhole = typeof value === "number" && Number.isSafeInteger(value);
    throw new ValueFault(
      "long (bigint)",
      describeValue(value),
      isWhole ? `write ${value}n or BigInt(..)` : "",
    );
  }
  if (BigInt.asIntN(64, value) !== value) {
    throw new ValueFault("long (bigint of 64 bits)", describeValue(value));
  }
  return value;
}

function requireNumber(value: unknown, type: string): number {
  if (typeof value === "number") return value;
  throw new ValueFault(`${type} (number)`, describeValue(value));
}

const surrogate = /[\ud800-\udfff]/;
const loneSurrogate = /\p{Surrogate}/u;

function requireString(value: unknown): string {
  if (typeof value !== "string") throw new ValueFault("string", describeValue(value));
  if (surrogate.test(value) && loneSurrogate.test(value)) {
    throw new ValueFault("string of whole characters", "a lone surrogate");
  }
  return value;
}

function bytesToAvsc({ logicalType }: PrimitiveNode): ToAvscLeaf {
  if (logicalType?.name === "decimal") {
    const { precision, scale } = logicalType;
    return (value) => bytesFromBigint(unscaledFor(value, precision, scale));
  }
  return logicalType?.name === "big-decimal" ? bytesFromBigDecimal : requireBytes;
}

function requireBytes(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new ValueFault("bytes (Uint8Array)", describeValue(value));
  return asBuffer(value);
}

/** The same memory as avsc wants it. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function enumToAvsc({ name, symbols }: EnumNode): ToAvscLeaf {
  const members = new Map<unknown, string>(symbols.map((symbol, index) => [symbol, avscMember(index)]));
  return (value) => {
    const member = members.get(value);
    if (member !== undefined) return member;
    const shown = symbols.slice(0, 10).join(", ");
    const more = symbols.length > 10 ? ", .." : "";
    throw new ValueFault(`enum ${name} (${shown}${more})`, describeValue(value));
  };
}

function fixedToAvsc({ name, size, logicalType }: FixedNode): ToAvscLeaf {
  if (logicalType?.name === "uuid") return bytesFromUuid;
  if (logicalType?.name === "decimal") {
    const { precision, scale } = logicalType;
    return (value) => {
      const bytes = fixedFromBigint(unscaledFor(value, precision, scale), size);
      if (bytes === null) throw new ValueFault(`a decimal that fits ${size} bytes`, "a larger one");
      return bytes;
    };
  }
  return (value) => {
    if (value instanceof Uint8Array && value.length === size) return asBuffer(value);
    throw new ValueFault(`fixed ${name} (Uint8Array of ${size} bytes)`, describeValue(value));
  };
}
