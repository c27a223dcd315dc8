import type { ByteReader } from "./byte-reader.ts";
import { dateFromDays } from "./calendar-date.ts";
import { decimalFromUnscaled } from "./decimal-bytes.ts";
import { bigDecimalFromBytes, dateFromMillis, uuidFromBytes } from "./logical-values.ts";
import type { EnumNode, FixedNode, LogicalType, PrimitiveNode } from "./parsed-schema.ts";
import { bigintFromBytes } from "./signed-bytes.ts";
import { ValueFault } from "./value-fault.ts";

/** Reads one value, or throws a {@link ValueFault}. */
export type Read<T = unknown> = (source: ByteReader) => T;

/** A type that contains no other types. */
export type LeafNode = PrimitiveNode | EnumNode | FixedNode;

const readInt: Read<number> = (source) => source.readInt();
const readLong: Read<bigint> = (source) => source.readLong();
const readFloat: Read<number> = (source) => source.readFloat();
const readDouble: Read<number> = (source) => source.readDouble();
const readString: Read<string> = (source) => source.readString();
const readBytes: Read<Uint8Array> = (source) => source.readBytes();
const readNumberFromLong: Read<number> = (source) => Number(source.readLong());
const readLongFromInt: Read<bigint> = (source) => BigInt(source.readInt());

/**
 * Reads what `writer` wrote as a value of `reader`, with Avro's promotions; undefined when they do not match. The
 * names of enums and fixed are the caller's to compare.
 */
export function leafReader(writer: LeafNode, reader: LeafNode): Read | undefined {
  switch (reader.kind) {
    case "null":
      return writer.kind === "null" ? () => null : undefined;
    case "boolean":
      return writer.kind === "boolean" ? readBoolean : undefined;
    case "int":
      return writer.kind === "int" ? intValue(readInt, reader.logicalType) : undefined;
    case "long": {
      if (writer.kind === "long") return longValue(readLong, reader.logicalType);
      return writer.kind === "int" ? longValue(readLongFromInt, reader.logicalType) : undefined;
    }
    case "float":
    case "double":
      return floatingReader(writer, reader);
    case "string":
      return writer.kind === "string" || writer.kind === "bytes" ? readString : undefined;
    case "bytes":
      return writer.kind === "bytes" || writer.kind === "string"
        ? bytesValue(readBytes, reader.logicalType, writer.logicalType)
        : undefined;
    case "fixed":
      return writer.kind === "fixed" && writer.size === reader.size
        ? bytesValue((source) => source.readFixed(reader.size), reader.logicalType, writer.logicalType)
        : undefined;
    case "enum":
      return writer.kind === "enum" ? enumReader(writer, reader) : undefined;
  }
}

function readBoolean(source: ByteReader): boolean {
  const byte = source.readByte();
  if (byte > 1) throw new ValueFault("a boolean (the byte 0 or 1)", `the byte ${byte}`);
  return byte === 1;
}

function floatingReader(writer: LeafNode, reader: PrimitiveNode): Read<number> | undefined {
  if (writer.kind === "int") return readInt;
  if (writer.kind === "long") return readNumberFromLong;
  if (writer.kind === "float") return readFloat;
  return writer.kind === "double" && reader.kind === "double" ? readDouble : undefined;
}

function enumReader(writer: EnumNode, reader: EnumNode): Read<string> {
  const symbols = writer.symbols.map((symbol) => (reader.symbols.includes(symbol) ? symbol : reader.default));
  return (source) => {
    const index = source.readInt();
    const symbol = symbols[index];
    if (symbol === undefined) {
      throw new ValueFault(
        `a symbol of the enum ${reader.name}`,
        writer.symbols[index] ?? `the index ${index}`,
      );
    }
    return symbol;
  };
}

/** Values of `int` as the logical type shows them. */
export function intValue(read: Read<number>, logicalType: LogicalType | undefined): Read {
  return logicalType?.name === "date" ? (source) => dateFromDays(read(source)) : read;
}

export function longValue(read: Read<bigint>, logicalType: LogicalType | undefined): Read {
  return logicalType?.name === "timestamp-millis" ? (source) => dateFromMillis(read(source)) : read;
}

/**
 * Values of bytes and fixed. A decimal that was written under another scale keeps its value: Avro itself would
 * shift the point without a word.
 */
export function bytesValue(
  read: Read<Uint8Array>,
  logicalType: LogicalType | undefined,
  written: LogicalType | undefined = logicalType,
): Read {
  switch (logicalType?.name) {
    case "decimal": {
      const scale = written?.name === "decimal" ? written.scale : logicalType.scale;
      return (source) => decimalFromUnscaled(bigintFromBytes(read(source)), scale, logicalType.scale);
    }
    case "big-decimal":
      return (source) => bigDecimalFromBytes(read(source));
    case "uuid":
      return (source) => uuidFromBytes(read(source));
    default:
      return read;
  }
}
