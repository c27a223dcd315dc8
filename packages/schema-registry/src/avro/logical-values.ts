import { describeValue, ValueFault } from "./value-fault.ts";

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function requireUuid(value: unknown): string {
  if (typeof value === "string" && uuidText.test(value)) return value;
  throw new ValueFault("uuid (string of 32 hexadecimal digits in five groups)", describeValue(value));
}

export function bytesFromUuid(value: unknown): Buffer {
  return Buffer.from(requireUuid(value).replaceAll("-", ""), "hex");
}

export function uuidFromBytes(bytes: Buffer): string {
  const hex = bytes.toString("hex");
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
