import { shallowText } from "../avro/canonical-text.ts";
import { quote } from "../avro/json-text.ts";
import type { DefinitionNode, NamedNode, ParsedSchema, SchemaNode } from "../avro/parsed-schema.ts";

const longestFragment = 2_000;

/** A definition's text with other named types by name only, cut where nobody reads on. */
export function definitionText(schema: ParsedSchema, node: DefinitionNode): string {
  const text = shallowText(schema, node);
  return text.length > longestFragment ? `${text.slice(0, longestFragment)}...` : text;
}

/** A type as a field or branch names it: what is in a named one is told elsewhere. */
export function typeText(schema: ParsedSchema, node: SchemaNode): string {
  return node.kind === "reference" || isNamed(node) ? quote(node.name) : definitionText(schema, node);
}

export function isNamed(node: DefinitionNode): node is NamedNode {
  return node.kind === "record" || node.kind === "enum" || node.kind === "fixed";
}
