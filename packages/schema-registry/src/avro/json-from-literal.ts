import { AvroSchemaError } from "./avro-schema-error.ts";
import type { JsonValue } from "./json-value.ts";

/** Takes a schema written as a JavaScript literal; what JSON cannot say (functions, NaN, cycles) is refused. */
export function jsonFromLiteral(value: unknown, maxDepth: number, path = ""): JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return Object.freeze({ number: String(value) });
  if (typeof value === "bigint") return Object.freeze({ number: String(value) });
  if (typeof value !== "object")
    throw notJson(path, typeof value === "number" ? String(value) : typeof value);
  if (maxDepth === 0) {
    throw new AvroSchemaError({
      path: "",
      rule: "too-deep",
      message: "The schema literal nests too deeply or refers to itself",
    });
  }
  if (Array.isArray(value)) {
    return Object.freeze(
      value.map((item: unknown, index) => jsonFromLiteral(item, maxDepth - 1, `${path}/${index}`)),
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notJson(path, value.constructor.name);
  const object = new Map<string, JsonValue>();
  for (const [key, property] of Object.entries(value)) {
    if (property !== undefined) object.set(key, jsonFromLiteral(property, maxDepth - 1, `${path}/${key}`));
  }
  return object;
}

function notJson(path: string, what: string): AvroSchemaError {
  return new AvroSchemaError({
    path,
    rule: "malformed-json",
    message: `A schema literal holds JSON values only, found ${what}; write numbers beyond 2^53 as bigint`,
  });
}
