import { jsonText, quote } from "./json-text.ts";
import { normalizeSchema } from "./normalize-schema.ts";
import type { FieldNode, NamedNode, ParsedSchema, Properties, SchemaNode } from "./parsed-schema.ts";
import { namespaceOf, qualifiedIn, shortNameOf } from "./schema-name.ts";

/**
 * The schema as one line of JSON, equal to `Schema.toString()` of Avro's Java implementation: the text that a
 * Confluent registry stores and hands out. White space, attribute order and the spelling of names do not count;
 * docs, defaults, aliases and custom properties do. Types of references are printed by name. With `normalize` the
 * order of properties and aliases and the spelling of defaults do not count either.
 */
export function canonicalText(schema: ParsedSchema, options: { readonly normalize?: boolean } = {}): string {
  const { root, names, external } = options.normalize === true ? normalizeSchema(schema) : schema;
  return schemaText({ names, printed: new Set(external) }, root, "");
}

/** The text of one type of a schema, in which the other named types appear by name only. */
export function shallowText(schema: ParsedSchema, node: SchemaNode): string {
  const printed = new Set(schema.names.keys());
  if ("name" in node) printed.delete(node.name);
  return schemaText({ names: schema.names, printed }, node, "");
}

interface Printer {
  readonly names: ReadonlyMap<string, NamedNode>;
  /** Names whose definition has been printed. */
  readonly printed: Set<string>;
}

function schemaText(printer: Printer, node: SchemaNode, namespace: string): string {
  switch (node.kind) {
    case "reference": {
      const target = printer.names.get(node.name);
      const isKnown = target === undefined || printer.printed.has(node.name);
      return isKnown ? quote(qualifiedIn(node.name, namespace)) : namedText(printer, target, namespace);
    }
    case "record":
    case "enum":
    case "fixed":
      return printer.printed.has(node.name)
        ? quote(qualifiedIn(node.name, namespace))
        : namedText(printer, node, namespace);
    case "union":
      return `[${node.branches.map((branch) => schemaText(printer, branch, namespace)).join(",")}]`;
    case "array":
      return object([
        ["type", quote("array")],
        ["items", schemaText(printer, node.items, namespace)],
        ...propertyTexts(node.properties),
      ]);
    case "map":
      return object([
        ["type", quote("map")],
        ["values", schemaText(printer, node.values, namespace)],
        ...propertyTexts(node.properties),
      ]);
    default:
      return node.properties.size === 0
        ? quote(node.kind)
        : object([["type", quote(node.kind)], ...propertyTexts(node.properties)]);
  }
}

type Attribute = readonly [key: string, text: string];

function namedText(printer: Printer, node: NamedNode, namespace: string): string {
  printer.printed.add(node.name);
  const own = namespaceOf(node.name);
  const type = node.kind === "record" && node.isError ? "error" : node.kind;
  return object([
    ["type", quote(type)],
    ["name", quote(shortNameOf(node.name))],
    ...(own === namespace ? [] : [["namespace", quote(own)] as const]),
    ...docText(node.doc),
    ...structureTexts(printer, node),
    ...propertyTexts(node.properties),
    ...aliasTexts(node.aliases.map((alias) => qualifiedIn(alias, own))),
  ]);
}

function structureTexts(printer: Printer, node: NamedNode): Attribute[] {
  switch (node.kind) {
    case "record": {
      const namespace = namespaceOf(node.name);
      return [["fields", `[${node.fields.map((field) => fieldText(printer, field, namespace)).join(",")}]`]];
    }
    case "enum":
      return [
        ["symbols", jsonText(node.symbols)],
        ...(node.default === undefined ? [] : [["default", quote(node.default)] as const]),
      ];
    case "fixed":
      return [["size", String(node.size)]];
  }
}

function fieldText(printer: Printer, field: FieldNode, namespace: string): string {
  return object([
    ["name", quote(field.name)],
    ["type", schemaText(printer, field.type, namespace)],
    ...docText(field.doc),
    ...(field.default === undefined ? [] : [["default", jsonText(field.default)] as const]),
    ...(field.order === "ascending" ? [] : [["order", quote(field.order)] as const]),
    ...aliasTexts(field.aliases),
    ...propertyTexts(field.properties),
  ]);
}

function docText(doc: string | undefined): Attribute[] {
  return doc === undefined ? [] : [["doc", quote(doc)]];
}

function aliasTexts(aliases: readonly string[]): Attribute[] {
  return aliases.length === 0 ? [] : [["aliases", jsonText(aliases)]];
}

function propertyTexts(properties: Properties): Attribute[] {
  return [...properties].map(([key, value]) => [key, jsonText(value)]);
}

function object(attributes: readonly Attribute[]): string {
  return `{${attributes.map(([key, text]) => `${quote(key)}:${text}`).join(",")}}`;
}
