import { integerOf, type JsonObject } from "./json-value.ts";
import type { LogicalType } from "./parsed-schema.ts";

/**
 * The logical type that an annotation gives to a type, or undefined when it is unknown or does not fit: Avro then
 * reads the underlying type.
 */
export function readLogicalType(kind: string, properties: JsonObject, size = 0): LogicalType | undefined {
  const name = properties.get("logicalType");
  switch (name) {
    case "decimal":
      return kind === "bytes" || kind === "fixed" ? readDecimal(kind, properties, size) : undefined;
    case "big-decimal":
      return kind === "bytes" ? { name } : undefined;
    case "date":
    case "time-millis":
      return kind === "int" ? { name } : undefined;
    case "time-micros":
    case "timestamp-millis":
    case "timestamp-micros":
      return kind === "long" ? { name } : undefined;
    case "uuid":
      return kind === "string" || (kind === "fixed" && size === 16) ? { name } : undefined;
    default:
      return undefined;
  }
}

function readDecimal(kind: string, properties: JsonObject, size: number): LogicalType | undefined {
  const precision = Number(integerOf(properties.get("precision")) ?? 0n);
  const scale = Number(properties.has("scale") ? (integerOf(properties.get("scale")) ?? -1n) : 0n);
  const most = kind === "fixed" ? Math.floor(Math.log10(2) * (8 * size - 1)) : 0x7fff_ffff;
  const valid = precision > 0 && precision <= most && scale >= 0 && scale <= precision;
  return valid ? { name: "decimal", precision, scale } : undefined;
}
