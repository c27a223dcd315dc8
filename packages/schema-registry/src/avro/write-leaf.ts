import type { ByteWriter } from "./byte-writer.ts";
import { daysFromDate } from "./calendar-date.ts";
import { fixedFromBigint, unscaledFor } from "./decimal-bytes.ts";
import { bytesFromBigDecimal, bytesFromUuid, millisFromDate, requireUuid } from "./logical-values.ts";
import type { EnumNode, FixedNode, PrimitiveNode } from "./parsed-schema.ts";
import { bytesFromBigint } from "./signed-bytes.ts";
import { describeValue, ValueFault } from "./value-fault.ts";

/** Writes one value, or throws a {@link ValueFault}. */
export type Write = (out: ByteWriter, value: unknown) => void;

/** The writer of a type that contains no other types. */
export function leafWriter(node: PrimitiveNode | EnumNode | FixedNode): Write {
  switch (node.kind) {
    case "null":
      return writeNull;
    case "boolean":
      return writeBoolean;
    case "int":
      return node.logicalType?.name === "date" ? (out, value) => out.writeInt(daysFromDate(value)) : writeInt;
    case "long":
      return node.logicalType?.name === "timestamp-millis"
        ? (out, value) => out.writeLong(millisFromDate(value))
        : writeLong;
    case "float":
      return (out, value) => out.writeFloat(requireNumber(value, "float"));
    case "double":
      return (out, value) => out.writeDouble(requireNumber(value, "double"));
    case "string":
      return node.logicalType?.name === "uuid"
        ? (out, value) => out.writeString(requireUuid(value))
        : writeString;
    case "bytes":
      return bytesWriter(node);
    case "enum":
      return enumWriter(node);
    case "fixed":
      return fixedWriter(node);
  }
}

function writeNull(_out: ByteWriter, value: unknown): void {
  if (value !== null) throw new ValueFault("null", describeValue(value));
}

function writeBoolean(out: ByteWriter, value: unknown): void {
  if (typeof value !== "boolean") throw new ValueFault("boolean", describeValue(value));
  out.writeByte(value ? 1 : 0);
}

function writeInt(out: ByteWriter, value: unknown): void {
  if (typeof value !== "number" || (value | 0) !== value) {
    throw new ValueFault("int (a whole number of 32 bits)", describeValue(value));
  }
  out.writeInt(value);
}

function writeLong(out: ByteWriter, value: unknown): void {
  if (typeof value !== "bigint") {
    const isWhole = typeof value === "number" && Number.isSafeInteger(value);
    throw new ValueFault(
      "long (bigint)",
      describeValue(value),
      isWhole ? `write ${value}n or BigInt(..)` : "",
    );
  }
  if (BigInt.asIntN(64, value) !== value)
    throw new ValueFault("long (bigint of 64 bits)", describeValue(value));
  out.writeLong(value);
}

function requireNumber(value: unknown, type: string): number {
  if (typeof value === "number") return value;
  throw new ValueFault(`${type} (number)`, describeValue(value));
}

function writeString(out: ByteWriter, value: unknown): void {
  if (typeof value !== "string") throw new ValueFault("string", describeValue(value));
  if (!out.writeString(value)) throw new ValueFault("string of whole characters", "a lone surrogate");
}

function bytesWriter(node: PrimitiveNode): Write {
  const { logicalType } = node;
  if (logicalType?.name === "decimal") {
    const { precision, scale } = logicalType;
    return (out, value) => writeBytes(out, bytesFromBigint(unscaledFor(value, precision, scale)));
  }
  if (logicalType?.name === "big-decimal") return (out, value) => writeBytes(out, bytesFromBigDecimal(value));
  return writeBytes;
}

function writeBytes(out: ByteWriter, value: unknown): void {
  if (!(value instanceof Uint8Array)) throw new ValueFault("bytes (Uint8Array)", describeValue(value));
  out.writeInt(value.length);
  out.writeRaw(value);
}

function enumWriter(node: EnumNode): Write {
  const indexes = new Map<unknown, number>(node.symbols.map((symbol, index) => [symbol, index]));
  return (out, value) => {
    const index = indexes.get(value);
    if (index === undefined) {
      const shown = node.symbols.slice(0, 10).join(", ");
      const more = node.symbols.length > 10 ? ", .." : "";
      throw new ValueFault(`enum ${node.name} (${shown}${more})`, describeValue(value));
    }
    out.writeInt(index);
  };
}

function fixedWriter(node: FixedNode): Write {
  const { size, logicalType } = node;
  if (logicalType?.name === "uuid") return (out, value) => out.writeRaw(bytesFromUuid(value));
  if (logicalType?.name === "decimal") {
    const { precision, scale } = logicalType;
    return (out, value) => {
      const bytes = fixedFromBigint(unscaledFor(value, precision, scale), size);
      if (bytes === null) throw new ValueFault(`a decimal that fits ${size} bytes`, "a larger one");
      out.writeRaw(bytes);
    };
  }
  return (out, value) => {
    if (!(value instanceof Uint8Array) || value.length !== size) {
      throw new ValueFault(`fixed ${node.name} (Uint8Array of ${size} bytes)`, describeValue(value));
    }
    out.writeRaw(value);
  };
}
