import { integerOf, isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "./json-value.ts";
import type { NamedNode, RecordNode, SchemaNode } from "./parsed-schema.ts";

/** A check of default values against the types of one schema; remembers what it has found. */
export interface DefaultCheck {
  readonly names: ReadonlyMap<string, NamedNode>;
  /** Results by record and value; `undefined` while a pair is being checked. */
  readonly seen: Map<RecordNode, Map<JsonValue, boolean | undefined>>;
  /** How many records the value being checked is inside of. */
  depth: number;
}

/** Defaults of fields of defaults of fields..: far beyond any use, and well inside the stack. */
const maxNesting = 200;

const int32 = 2n ** 31n;
const int64 = 2n ** 63n;

/**
 * Whether a JSON value may be the default of a field, by the rules of Avro's Java implementation: any branch of a
 * union may match, text is enough for bytes, fixed and enums, a record may leave out fields that have defaults.
 * A default that would contain itself without end is not valid.
 */
export function isValidDefault(check: DefaultCheck, type: SchemaNode, value: JsonValue): boolean {
  switch (type.kind) {
    case "string":
    case "bytes":
    case "enum":
    case "fixed":
      return typeof value === "string";
    case "int":
      return isIntegerBelow(value, int32);
    case "long":
      return isIntegerBelow(value, int64);
    case "float":
    case "double":
      return isJsonNumber(value);
    case "boolean":
      return typeof value === "boolean";
    case "null":
      return value === null;
    case "array":
      return isJsonArray(value) && value.every((item) => isValidDefault(check, type.items, item));
    case "map":
      return (
        isJsonObject(value) && [...value.values()].every((item) => isValidDefault(check, type.values, item))
      );
    case "union":
      return type.branches.some((branch) => isValidDefault(check, branch, value));
    case "reference": {
      const target = check.names.get(type.name);
      return target !== undefined && isValidDefault(check, target, value);
    }
    case "record":
      return isValidRecord(check, type, value);
  }
}

function isIntegerBelow(value: JsonValue, limit: bigint): boolean {
  const integer = integerOf(value);
  return integer !== null && integer >= -limit && integer < limit;
}

function isValidRecord(check: DefaultCheck, type: RecordNode, value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const results = check.seen.get(type) ?? new Map<JsonValue, boolean | undefined>();
  check.seen.set(type, results);
  if (results.has(value)) return results.get(value) ?? false;
  if (check.depth === maxNesting) return false;
  results.set(value, undefined);
  check.depth += 1;
  const valid = type.fields.every((field) => {
    const given = value.get(field.name) ?? (value.has(field.name) ? null : field.default);
    return given !== undefined && isValidDefault(check, field.type, given);
  });
  check.depth -= 1;
  results.set(value, valid);
  return valid;
}
