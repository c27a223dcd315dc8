import type {
  DefinitionNode,
  FieldNode,
  NamedNode,
  ParsedSchema,
  SchemaNode,
} from "../avro/parsed-schema.ts";

/** No name holds it: a full name with it is a short name that no other full name has. */
const separator = "/";

/**
 * The same schema with every full name as a short one, so that a comparison by short names, which Avro asks for,
 * becomes one by full names, which is what avsc does.
 */
export function withFullNames({ root, names }: ParsedSchema): ParsedSchema {
  const renamed = new Map<string, NamedNode>();

  function node<Node extends SchemaNode>(from: Node): SchemaNode {
    if (from.kind === "reference") return { ...from, name: asShort(from.name) };
    if ("name" in from) return namedNode(from);
    return unnamedNode(from);
  }

  function unnamedNode(from: Exclude<DefinitionNode, NamedNode>): DefinitionNode {
    switch (from.kind) {
      case "array":
        return { ...from, items: node(from.items) };
      case "map":
        return { ...from, values: node(from.values) };
      case "union":
        return { ...from, branches: from.branches.map(node) };
      default:
        return from;
    }
  }

  function namedNode(from: NamedNode): NamedNode {
    const name = asShort(from.name);
    const known = renamed.get(name);
    if (known !== undefined) return known;
    const aliases = from.aliases.map(asShort);
    const to: NamedNode =
      from.kind === "record"
        ? { ...from, name, aliases, fields: from.fields.map(field) }
        : { ...from, name, aliases };
    renamed.set(name, to);
    return to;
  }

  function field(from: FieldNode): FieldNode {
    return { ...from, type: node(from.type) };
  }

  for (const named of names.values()) namedNode(named);
  return { root: node(root), names: renamed, external: new Set() };
}

function asShort(fullName: string): string {
  return fullName.replaceAll(".", separator);
}

/** A name of {@link withFullNames} as it was. */
export function asFull(shortName: string): string {
  return shortName.replaceAll(separator, ".");
}
