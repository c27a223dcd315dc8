import { AvroSchemaError } from "./avro-schema-error.ts";
import { integerOf, isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./json-value.ts";
import type { FieldNode, LogicalType, NamedNode, SchemaNode } from "./parsed-schema.ts";
import { readLogicalType } from "./read-logical-type.ts";
import {
  customProperties,
  definedName,
  describeJson,
  fieldAliases,
  fieldOrder,
  optionalText,
  requiredArray,
  requiredProperty,
  requiredText,
  typeAliases,
} from "./schema-attributes.ts";
import { fullNameIn, isPrimitive, namespaceOf, requireValidName } from "./schema-name.ts";

/** What has been met while a schema is read. */
export interface ReadContext {
  /** Finished definitions, and those of the references. */
  readonly names: Map<string, NamedNode>;
  /** Every name whose definition has begun: a type may use itself. */
  readonly declared: Set<string>;
  /** Uses of a name before its definition, to be checked at the end. */
  readonly pending: { readonly name: string; readonly path: string }[];
  /** Fields with defaults, to be checked once every name is known. */
  readonly defaults: { readonly field: FieldNode; readonly path: string }[];
}

/** Reads one schema inside a namespace; what needs all names is left in the context. */
export function readSchema(
  context: ReadContext,
  json: JsonValue,
  namespace: string,
  path: string,
): SchemaNode {
  if (typeof json === "string") return readName(context, json, namespace, path);
  if (isJsonArray(json)) return readUnion(context, json, namespace, path);
  if (isJsonObject(json)) return readObject(context, json, namespace, path);
  throw new AvroSchemaError({
    path,
    rule: "not-a-schema",
    message: `A schema is a type name, an object or an array of branches, found ${describeJson(json)}`,
  });
}

function readObject(context: ReadContext, json: JsonObject, namespace: string, path: string): SchemaNode {
  const type = requiredText(json, "type", "A schema object", path);
  switch (type) {
    case "record":
    case "error":
      return readRecord(context, json, namespace, path);
    case "enum":
      return readEnum(context, json, namespace, path);
    case "fixed":
      return readFixed(context, json, namespace, path);
    case "array": {
      const items = requiredProperty(json, "items", "An array", path);
      return Object.freeze({
        kind: "array",
        items: readSchema(context, items, namespace, `${path}/items`),
        ...annotations("array", json),
      });
    }
    case "map": {
      const values = requiredProperty(json, "values", "A map", path);
      return Object.freeze({
        kind: "map",
        values: readSchema(context, values, namespace, `${path}/values`),
        ...annotations("map", json),
      });
    }
    default:
      return isPrimitive(type)
        ? Object.freeze({ kind: type, ...annotations(type, json) })
        : readName(context, type, namespace, `${path}/type`);
  }
}

const noProperties: JsonObject = new Map();

function readName(context: ReadContext, name: string, namespace: string, path: string): SchemaNode {
  if (isPrimitive(name)) return Object.freeze({ kind: name, properties: noProperties });
  const fullName = fullNameIn(name, namespace);
  if (context.declared.has(fullName)) return Object.freeze({ kind: "reference", name: fullName });
  if (context.declared.has(name)) return Object.freeze({ kind: "reference", name });
  context.pending.push({ name: fullName, path });
  return Object.freeze({ kind: "reference", name: fullName });
}

function readUnion(
  context: ReadContext,
  json: readonly JsonValue[],
  namespace: string,
  path: string,
): SchemaNode {
  const seen = new Set<string>();
  const branches = json.map((branchJson, index) => {
    const branch = readSchema(context, branchJson, namespace, `${path}/${index}`);
    if (branch.kind === "union") {
      throw new AvroSchemaError({
        path: `${path}/${index}`,
        rule: "nested-union",
        message: "A union may not be a branch of a union; list its branches in the outer one",
      });
    }
    const name = "name" in branch ? branch.name : branch.kind;
    if (seen.has(name)) {
      throw new AvroSchemaError({
        path: `${path}/${index}`,
        rule: "duplicate-branch",
        message: `The union has two branches of the type ${name}; only named types may occur more than once, under different names`,
      });
    }
    seen.add(name);
    return branch;
  });
  return Object.freeze({ kind: "union", branches: Object.freeze(branches) });
}

function readRecord(context: ReadContext, json: JsonObject, namespace: string, path: string): SchemaNode {
  const name = declare(context, json, namespace, path);
  const seen = new Set<string>();
  const fields = requiredArray(json, "fields", `The record ${name}`, path).map((fieldJson, index) => {
    const fieldPath = `${path}/fields/${index}`;
    const field = readField(context, fieldJson, name, fieldPath);
    if (seen.has(field.name)) {
      throw new AvroSchemaError({
        path: fieldPath,
        rule: "duplicate-field",
        message: `The record ${name} has two fields named ${field.name}`,
      });
    }
    seen.add(field.name);
    return field;
  });
  return define(context, {
    kind: "record",
    ...namedAttributes(name, json, path),
    isError: json.get("type") === "error",
    fields: Object.freeze(fields),
    ...annotations("record", json),
  });
}

function readField(context: ReadContext, json: JsonValue, record: string, path: string): FieldNode {
  if (!isJsonObject(json)) {
    throw new AvroSchemaError({
      path,
      rule: "not-a-field",
      message: `A field is an object with "name" and "type", found ${describeJson(json)}`,
    });
  }
  const name = requiredText(json, "name", `A field of ${record}`, path);
  requireValidName(name, "field name", `${path}/name`);
  const typeJson = requiredProperty(json, "type", `The field ${name} of ${record}`, path);
  const type = readSchema(context, typeJson, namespaceOf(record), `${path}/type`);
  const given = json.get("default");
  const doc = optionalText(json, "doc");
  const field: FieldNode = Object.freeze({
    name,
    type,
    ...(doc === undefined ? {} : { doc }),
    ...(given === undefined ? {} : { default: floatFromText(type, given) }),
    order: fieldOrder(json, path),
    aliases: fieldAliases(json, path),
    properties: customProperties(json, "field"),
  });
  if (given !== undefined) context.defaults.push({ field, path: `${path}/default` });
  return field;
}

const javaDouble = /^\s*([+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))[dDfF]?\s*$/;

/** Avro takes `"NaN"` and `"1.5"` as defaults of a float or double field. */
function floatFromText(type: SchemaNode, value: JsonValue): JsonValue {
  if ((type.kind !== "float" && type.kind !== "double") || typeof value !== "string") return value;
  const number = javaDouble.exec(value)?.[1];
  return number === undefined ? value : Object.freeze({ number: floatingText(Number(number)) });
}

/** Keeps a fraction or exponent in the text, which says that the number is not an integer. */
function floatingText(value: number): string {
  return Number.isInteger(value) ? `${value.toExponential()}` : String(value);
}

function readEnum(context: ReadContext, json: JsonObject, namespace: string, path: string): SchemaNode {
  const name = declare(context, json, namespace, path);
  const seen = new Set<string>();
  const symbols = requiredArray(json, "symbols", `The enum ${name}`, path).map((symbol, index) => {
    const text = typeof symbol === "string" ? symbol : "";
    requireValidName(text, "enum symbol", `${path}/symbols/${index}`);
    if (seen.has(text)) {
      throw new AvroSchemaError({
        path: `${path}/symbols/${index}`,
        rule: "duplicate-symbol",
        message: `The enum ${name} lists the symbol ${text} twice`,
      });
    }
    seen.add(text);
    return text;
  });
  const fallback = optionalText(json, "default");
  if (fallback !== undefined && !seen.has(fallback)) {
    throw new AvroSchemaError({
      path: `${path}/default`,
      rule: "invalid-enum-default",
      message: `The default ${JSON.stringify(fallback)} of the enum ${name} is not one of its symbols`,
    });
  }
  return define(context, {
    kind: "enum",
    ...namedAttributes(name, json, path),
    symbols: Object.freeze(symbols),
    ...(fallback === undefined ? {} : { default: fallback }),
    properties: customProperties(json, "enum"),
  });
}

function readFixed(context: ReadContext, json: JsonObject, namespace: string, path: string): SchemaNode {
  const name = declare(context, json, namespace, path);
  const size = integerOf(json.get("size"));
  if (size === null || size < 0n || size > 0x7fff_fff7n) {
    throw new AvroSchemaError({
      path: `${path}/size`,
      rule: "invalid-size",
      message: `The fixed ${name} needs a "size", an integer from 0 to 2147483639, found ${describeJson(json.get("size"))}`,
    });
  }
  return define(context, {
    kind: "fixed",
    ...namedAttributes(name, json, path),
    size: Number(size),
    ...annotations("fixed", json, Number(size)),
  });
}

function declare(context: ReadContext, json: JsonObject, namespace: string, path: string): string {
  const name = definedName(json, namespace, path);
  const problem = isPrimitive(name)
    ? { rule: "invalid-name", message: `A type may not be named ${name}, like a primitive type` }
    : {
        rule: "duplicate-name",
        message: `The name ${name} is defined twice; use it by name after its definition`,
      };
  if (isPrimitive(name) || context.declared.has(name)) throw new AvroSchemaError({ path, ...problem });
  context.declared.add(name);
  return name;
}

function define(context: ReadContext, node: NamedNode): NamedNode {
  const frozen = Object.freeze(node);
  context.names.set(node.name, frozen);
  return frozen;
}

function namedAttributes(name: string, json: JsonObject, path: string) {
  const doc = optionalText(json, "doc");
  return { name, ...(doc === undefined ? {} : { doc }), aliases: typeAliases(json, name, path) };
}

function annotations(
  kind: string,
  json: JsonObject,
  size?: number,
): { properties: JsonObject; logicalType?: LogicalType } {
  const properties = customProperties(json, "schema");
  const logicalType = readLogicalType(kind, properties, size);
  return logicalType === undefined ? { properties } : { properties, logicalType: Object.freeze(logicalType) };
}
