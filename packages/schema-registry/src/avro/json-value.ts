/** A JSON value with its numbers as written and its object keys in order. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

/** A JSON number as its text, so that `9007199254740993` and `1.0` stay what they are. */
export interface JsonNumber {
  readonly number: string;
}

/** A Map, not an object: integer-like keys keep their place and `__proto__` is a key like any other. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === "object" && value !== null && "number" in value;
}

const integerText = /^-?\d+$/;

/** The integer that a JSON number spells without fraction or exponent, else null: `1.0` is not an integer. */
export function integerOf(value: JsonValue | undefined): bigint | null {
  return isJsonNumber(value) && integerText.test(value.number) ? BigInt(value.number) : null;
}
