import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "./json-value.ts";
import type { FieldNode, NamedNode, ParsedSchema, Properties, SchemaNode } from "./parsed-schema.ts";
import { isValidDefault } from "./valid-default.ts";

/**
 * The same schema in the spelling of Confluent's `normalize=true`: properties and the keys of objects sorted, logical
 * types first; aliases sorted; numbers of floating-point defaults with a fraction; no empty docs of types; `record`
 * for `error`. Schemas that mean the same to a reader then mostly have the same canonical text.
 */
export function normalizeSchema(schema: ParsedSchema): ParsedSchema {
  const names = new Map<string, NamedNode>();
  for (const [name, node] of schema.names) {
    names.set(name, schema.external.has(name) ? node : normalizeNamed(schema, node));
  }
  return Object.freeze({ ...schema, names, root: normalizeNode(schema, schema.root) });
}

function normalizeNode(schema: ParsedSchema, node: SchemaNode): SchemaNode {
  switch (node.kind) {
    case "reference":
      return node;
    case "union":
      return { ...node, branches: node.branches.map((branch) => normalizeNode(schema, branch)) };
    case "array":
      return { ...node, items: normalizeNode(schema, node.items), properties: sorted(node.properties) };
    case "map":
      return { ...node, values: normalizeNode(schema, node.values), properties: sorted(node.properties) };
    case "record":
    case "enum":
    case "fixed":
      return normalizeNamed(schema, node);
    default:
      return { ...node, properties: sorted(node.properties, node.logicalType?.name) };
  }
}

function normalizeNamed(schema: ParsedSchema, node: NamedNode): NamedNode {
  const { doc, ...rest } = node;
  const common = { ...(doc === undefined || doc === "" ? {} : { doc }), aliases: node.aliases.toSorted() };
  const properties = sorted(node.properties, node.kind === "fixed" ? node.logicalType?.name : undefined);
  return rest.kind === "record"
    ? {
        ...rest,
        ...common,
        properties,
        isError: false,
        fields: rest.fields.map((field) => normalizeField(schema, field)),
      }
    : { ...rest, ...common, properties };
}

function normalizeField(schema: ParsedSchema, field: FieldNode): FieldNode {
  return {
    ...field,
    type: normalizeNode(schema, field.type),
    ...(field.default === undefined ? {} : { default: normalizeDefault(schema, field.type, field.default) }),
    aliases: field.aliases.toSorted(),
    properties: sorted(field.properties),
  };
}

const logicalKeys = ["logicalType", "precision", "scale"];

/** A valid logical type comes before other properties, a scale of zero among them. */
function sorted(properties: Properties, logicalType?: string): Properties {
  const keys = [...properties.keys()].toSorted();
  const isZero = (key: string): boolean =>
    key === "scale" && JSON.stringify(properties.get(key)) === '{"number":"0"}';
  const first =
    logicalType === undefined
      ? []
      : logicalKeys.filter(
          (key) =>
            properties.has(key) && (key === "logicalType" || logicalType === "decimal") && !isZero(key),
        );
  return new Map(
    [...new Set([...first, ...keys])].map((key) => [key, sortedValue(properties.get(key) ?? null)]),
  );
}

function sortedValue(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sortedValue);
  return isJsonObject(value)
    ? sorted(new Map([...value].map(([key, item]) => [key, sortedValue(item)])))
    : value;
}

function normalizeDefault(schema: ParsedSchema, type: SchemaNode, value: JsonValue): JsonValue {
  switch (type.kind) {
    case "float":
    case "double":
      return isJsonNumber(value) && /^-?\d+$/.test(value.number) ? { number: `${value.number}e0` } : value;
    case "array":
      return isJsonArray(value) ? value.map((item) => normalizeDefault(schema, type.items, item)) : value;
    case "map":
      return mapSorted(value, (_key, item) => normalizeDefault(schema, type.values, item));
    case "union": {
      const check = { names: schema.names, seen: new Map(), depth: 0 };
      const branch = type.branches.find((candidate) => isValidDefault(check, candidate, value));
      return branch === undefined ? value : normalizeDefault(schema, branch, value);
    }
    case "reference": {
      const target = schema.names.get(type.name);
      return target === undefined ? value : normalizeDefault(schema, target, value);
    }
    case "record": {
      const types = new Map(type.fields.map((field) => [field.name, field.type]));
      return mapSorted(value, (key, item) => normalizeDefault(schema, types.get(key) ?? type, item));
    }
    default:
      return value;
  }
}

function mapSorted(value: JsonValue, change: (key: string, item: JsonValue) => JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  return sorted(new Map([...value].map(([key, item]) => [key, change(key, item)])));
}
