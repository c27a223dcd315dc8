import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../avro/json-value.ts";
import { parseJson } from "../avro/parse-json.ts";

// Canonical texts nest no deeper than the schemas that were let in.
const deepest = 1_000;

/** Whether two JSON texts say the same but for the order of the keys of objects. Numbers count as they are written. */
export function sameJson(one: string, other: string): boolean {
  return sameValue(parseJson(one, deepest), parseJson(other, deepest));
}

function sameValue(one: JsonValue, other: JsonValue): boolean {
  if (isJsonArray(one)) {
    if (!isJsonArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => sameValue(item, other[index] ?? null));
  }
  if (isJsonObject(one)) {
    if (!isJsonObject(other) || one.size !== other.size) return false;
    return [...one].every(([key, value]) => other.has(key) && sameValue(value, other.get(key) ?? null));
  }
  if (isJsonNumber(one)) return isJsonNumber(other) && one.number === other.number;
  return one === other;
}
