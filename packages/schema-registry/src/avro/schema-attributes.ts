import { AvroSchemaError } from "./avro-schema-error.ts";
import { isJsonArray, isJsonNumber, type JsonObject, type JsonValue } from "./json-value.ts";
import type { Properties } from "./parsed-schema.ts";
import { fullNameIn, namespaceOf, requireValidName } from "./schema-name.ts";

const schemaReserved = new Set("doc fields items name namespace size symbols values type aliases".split(" "));
const enumReserved = new Set([...schemaReserved, "default"]);
const fieldReserved = new Set("default doc name order type aliases".split(" "));
const reserved = { schema: schemaReserved, enum: enumReserved, field: fieldReserved };

/** The properties that are not part of the structure; on a type `{"name": ..}` of a primitive counts as structure. */
export function customProperties(json: JsonObject, of: keyof typeof reserved): Properties {
  return new Map([...json].filter(([key]) => !reserved[of].has(key)));
}

/** An attribute that counts only when it is a string, such as `doc`. */
export function optionalText(json: JsonObject, key: string): string | undefined {
  const value = json.get(key);
  return typeof value === "string" ? value : undefined;
}

export function requiredText(json: JsonObject, key: string, owner: string, path: string): string {
  const value = json.get(key);
  if (typeof value === "string") return value;
  throw new AvroSchemaError({
    path,
    rule: `missing-${key}`,
    message: `${owner} needs the property "${key}", a string, found ${describeJson(value)}`,
  });
}

export function requiredArray(
  json: JsonObject,
  key: string,
  owner: string,
  path: string,
): readonly JsonValue[] {
  const value = json.get(key);
  if (isJsonArray(value)) return value;
  throw new AvroSchemaError({
    path,
    rule: `missing-${key}`,
    message: `${owner} needs the property "${key}", an array, found ${describeJson(value)}`,
  });
}

export function requiredProperty(json: JsonObject, key: string, owner: string, path: string): JsonValue {
  const value = json.get(key);
  if (value !== undefined) return value;
  throw new AvroSchemaError({
    path,
    rule: `missing-${key}`,
    message: `${owner} needs the property "${key}"`,
  });
}

/** The full name of the type that a definition defines. */
export function definedName(json: JsonObject, namespace: string, path: string): string {
  const name = requiredText(json, "name", `The ${optionalText(json, "type")}`, path);
  const fullName = fullNameIn(name, optionalText(json, "namespace") ?? namespace);
  requireValidName(fullName, "name", `${path}/name`);
  return fullName;
}

/** The aliases of a named type, as full names in its own namespace. */
export function typeAliases(json: JsonObject, fullName: string, path: string): readonly string[] {
  const aliases = aliasTexts(json, path).map((alias) => fullNameIn(alias, namespaceOf(fullName)));
  for (const alias of aliases) requireValidName(alias, "alias", `${path}/aliases`);
  return Object.freeze([...new Set(aliases)]);
}

export function fieldAliases(json: JsonObject, path: string): readonly string[] {
  return Object.freeze([...new Set(aliasTexts(json, path))]);
}

function aliasTexts(json: JsonObject, path: string): readonly string[] {
  if (!json.has("aliases")) return [];
  return requiredArray(json, "aliases", "A type or field with aliases", path).map((alias, index) => {
    if (typeof alias === "string") return alias;
    throw new AvroSchemaError({
      path: `${path}/aliases/${index}`,
      rule: "invalid-alias",
      message: `An alias is a string, found ${describeJson(alias)}`,
    });
  });
}

export function fieldOrder(json: JsonObject, path: string): "ascending" | "descending" | "ignore" {
  const order = json.get("order");
  if (order === undefined) return "ascending";
  const word = typeof order === "string" ? order.toLowerCase() : "";
  if (word === "ascending" || word === "descending" || word === "ignore") return word;
  throw new AvroSchemaError({
    path: `${path}/order`,
    rule: "invalid-order",
    message: `The order of a field is "ascending", "descending" or "ignore", found ${describeJson(order)}`,
  });
}

export function describeJson(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isJsonNumber(value)) return `the number ${value.number.slice(0, 60)}`;
  return isJsonArray(value) ? "an array" : "an object";
}
