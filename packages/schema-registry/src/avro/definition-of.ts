import type { DefinitionNode, NamedNode, SchemaNode } from "./parsed-schema.ts";

/** The node itself, or the type that a reference refers to. */
export function definitionOf(names: ReadonlyMap<string, NamedNode>, node: SchemaNode): DefinitionNode {
  if (node.kind !== "reference") return node;
  const target = names.get(node.name);
  // A parsed schema has a definition for each name.
  if (target === undefined) throw new Error(`The schema does not define ${node.name}`);
  return target;
}
