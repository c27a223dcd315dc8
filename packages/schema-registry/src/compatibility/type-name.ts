import type { DefinitionNode } from "../avro/parsed-schema.ts";

/** What people call a type: the name of a record, enum or fixed, else the word of its kind. */
export function nameOf(node: DefinitionNode): string {
  return "name" in node ? node.name : node.kind;
}
