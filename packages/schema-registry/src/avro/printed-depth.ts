import type { NamedNode, ParsedSchema, SchemaNode } from "./parsed-schema.ts";

/**
 * Whether the canonical text nests JSON no deeper than `limit`. A definition is printed where its name is used first,
 * so that uses before definitions can nest far deeper than the text that was read.
 */
export function isPrintedWithin({ root, names, external }: ParsedSchema, limit: number): boolean {
  const printed = new Set(external);

  function named(node: NamedNode, depth: number): boolean {
    if (printed.has(node.name)) return true;
    printed.add(node.name);
    if (node.kind !== "record") return depth < limit;
    // An object with an array of objects.
    return depth + 2 < limit && node.fields.every(({ type }) => within(type, depth + 3));
  }

  function within(node: SchemaNode, depth: number): boolean {
    switch (node.kind) {
      case "reference": {
        const target = names.get(node.name);
        return target === undefined || named(target, depth);
      }
      case "record":
      case "enum":
      case "fixed":
        return named(node, depth);
      case "union":
        return depth < limit && node.branches.every((branch) => within(branch, depth + 1));
      case "array":
        return depth < limit && within(node.items, depth + 1);
      case "map":
        return depth < limit && within(node.values, depth + 1);
      default:
        return node.properties.size === 0 || depth < limit;
    }
  }

  return within(root, 0);
}
