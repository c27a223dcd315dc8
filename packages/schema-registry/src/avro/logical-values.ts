import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decimalFromBigDecimal, requireDecimal } from "./decimal-bytes.ts";
import type { Decimal } from "./decimal.ts";
import { bytesFromBigint } from "./signed-bytes.ts";
import { describeValue, ValueFault } from "./value-fault.ts";

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function requireUuid(value: unknown): string {
  if (typeof value === "string" && uuidText.test(value)) return value;
  throw new ValueFault("uuid (string of 32 hexadecimal digits in five groups)", describeValue(value));
}

export function bytesFromUuid(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(requireUuid(value).replaceAll("-", ""), "hex"));
}

export function uuidFromBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function millisFromDate(value: unknown): bigint {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new ValueFault("timestamp-millis (a valid Date)", describeValue(value));
  return BigInt(time);
}

export function dateFromMillis(millis: bigint): Date {
  const date = new Date(Number(millis));
  if (Number.isNaN(date.getTime())) {
    throw new ValueFault("a timestamp within 100 million days of 1970", `${millis} ms`);
  }
  return date;
}

/** `big-decimal` of Avro 1.12: the unscaled value as Avro bytes, then the scale as Avro int. */
export function bytesFromBigDecimal(value: unknown): Uint8Array {
  const { unscaled, scale } = requireDecimal(value);
  const writer = new ByteWriter();
  const bytes = bytesFromBigint(unscaled);
  writer.writeInt(bytes.length);
  writer.writeRaw(bytes);
  writer.writeInt(scale);
  return writer.copy();
}

export function bigDecimalFromBytes(bytes: Uint8Array): Decimal {
  const reader = new ByteReader(bytes);
  const unscaled = reader.readBytes();
  const scale = reader.readInt();
  reader.requireEnd();
  return decimalFromBigDecimal(unscaled, scale);
}
