import { isUtf8 } from "node:buffer";
import { avscMember } from "./avsc-names.ts";
import { bigDecimalFromBytes } from "./big-decimal.ts";
import { dateFromDays } from "./calendar-date.ts";
import { decimalFromUnscaled } from "./decimal-bytes.ts";
import { dateFromMillis, uuidFromBytes } from "./logical-values.ts";
import type { EnumNode, FixedNode, LogicalType, PrimitiveNode } from "./parsed-schema.ts";
import { bigintFromBytes } from "./signed-bytes.ts";
import { ValueFault } from "./value-fault.ts";

/**
 * Turns what avsc has read as one type into a value of another, or throws a {@link ValueFault}. What avsc gives is
 * `any`: which JavaScript type it is follows from the schema, as each conversion's own parameter says.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- see above.
export type FromAvsc = (read: any) => unknown;

/** A type that contains no other types. */
export type LeafNode = PrimitiveNode | EnumNode | FixedNode;

const asIs: FromAvsc = (read) => read;

/**
 * Turns what `writer` wrote into a value of `reader`, with Avro's promotions; undefined when they do not match. The
 * names of enums and fixed are the caller's to compare.
 */
export function fromAvscLeaf(writer: LeafNode, reader: LeafNode): FromAvsc | undefined {
  switch (reader.kind) {
    case "null":
    case "boolean":
      return writer.kind === reader.kind ? asIs : undefined;
    case "int":
      if (writer.kind !== "int") return undefined;
      return reader.logicalType?.name === "date" ? dateFromDays : asIs;
    case "long": {
      if (writer.kind !== "long" && writer.kind !== "int") return undefined;
      if (reader.logicalType?.name === "timestamp-millis") return dateFromMillis;
      return writer.kind === "long" ? asIs : BigInt;
    }
    case "float":
    case "double":
      return floatingFromAvsc(writer, reader);
    case "string":
      if (writer.kind === "string") return asIs;
      return writer.kind === "bytes" ? textFromBytes : undefined;
    case "bytes":
      if (writer.kind === "bytes") return bytesFromAvsc(reader.logicalType, writer.logicalType);
      return writer.kind === "string" ? bytesFromText(reader.logicalType) : undefined;
    case "fixed":
      return writer.kind === "fixed" && writer.size === reader.size
        ? bytesFromAvsc(reader.logicalType, writer.logicalType)
        : undefined;
    case "enum":
      return writer.kind === "enum" ? enumFromAvsc(writer, reader) : undefined;
  }
}

function floatingFromAvsc(writer: LeafNode, reader: PrimitiveNode): FromAvsc | undefined {
  if (writer.kind === "int" || writer.kind === "float") return asIs;
  if (writer.kind === "long") return Number;
  return writer.kind === "double" && reader.kind === "double" ? asIs : undefined;
}

function textFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new ValueFault("a string in UTF-8", `${bytes.length} bytes that are not UTF-8`);
}

function bytesFromText(logicalType: LogicalType | undefined): FromAvsc {
  const convert = bytesFromAvsc(logicalType, logicalType);
  return (text: string) => convert(Buffer.from(text, "utf8"));
}

/**
 * Values of bytes and fixed, as copies: avsc gives parts of a larger buffer. A decimal that was written under another
 * scale keeps its value: Avro itself would shift the point without a word.
 */
function bytesFromAvsc(logicalType: LogicalType | undefined, written: LogicalType | undefined): FromAvsc {
  switch (logicalType?.name) {
    case "decimal": {
      const scale = written?.name === "decimal" ? written.scale : logicalType.scale;
      return (bytes: Buffer) => decimalFromUnscaled(bigintFromBytes(bytes), scale, logicalType.scale);
    }
    case "big-decimal":
      return bigDecimalFromBytes;
    case "uuid":
      return uuidFromBytes;
    default:
      return (bytes: Buffer) => new Uint8Array(bytes);
  }
}

function enumFromAvsc(writer: EnumNode, reader: EnumNode): FromAvsc {
  const symbols = new Map(
    writer.symbols.map((symbol, index) => [
      avscMember(index),
      reader.symbols.includes(symbol) ? symbol : reader.default,
    ]),
  );
  return (member: string) => {
    const symbol = symbols.get(member);
    if (symbol !== undefined) return symbol;
    throw new ValueFault(`a symbol of the enum ${reader.name}`, member);
  };
}
