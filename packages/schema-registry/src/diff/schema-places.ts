import type {
  DefinitionNode,
  FieldNode,
  NamedNode,
  ParsedSchema,
  SchemaNode,
} from "../avro/parsed-schema.ts";

/** A definition within a schema, and where the canonical text has it. */
export interface SchemaPlace {
  readonly node: DefinitionNode;
  /** JSON pointer into the canonical text; empty for the schema itself. */
  readonly pointer: string;
  /** The definition around it; null for the schema itself. */
  readonly parent: SchemaPlace | null;
  /** The field of the record around it whose type it is, or is a part of; null outside of records. */
  readonly field: FieldNode | null;
  /** The record, enum or fixed that it is, or is a part of; null outside of those. */
  readonly owner: NamedNode | null;
}

/** Every definition of the schema itself, references left out, in the order of the canonical text: each type once. */
export function* schemaPlaces(schema: ParsedSchema): Generator<SchemaPlace> {
  const seen = new Set<string>(schema.external);
  const pending: Omit<SchemaPlace, "owner">[] = [];
  const add = (node: SchemaNode, at: Omit<SchemaPlace, "owner" | "node">): void => {
    const target = node.kind === "reference" ? schema.names.get(node.name) : node;
    if (target !== undefined) pending.push({ ...at, node: target });
  };
  add(schema.root, { pointer: "", parent: null, field: null });
  // A stack of its own, last in first out, so that definitions come in the order in which they are printed.
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node } = next;
    const isNamed = "name" in node;
    if (isNamed && seen.has(node.name)) continue;
    if (isNamed) seen.add(node.name);
    const owner = isNamed ? node : enclosing(next.parent);
    const place: SchemaPlace = { ...next, field: isNamed ? null : next.field, owner };
    yield place;
    for (const part of partsOf(node).toReversed()) {
      const pointer = `${place.pointer}${part.step}`;
      add(part.node, { pointer, parent: place, field: part.field ?? place.field });
    }
  }
}

function enclosing(parent: SchemaPlace | null): NamedNode | null {
  return parent?.owner ?? null;
}

interface Part {
  readonly node: SchemaNode;
  readonly step: string;
  readonly field?: FieldNode;
}

function partsOf(node: DefinitionNode): readonly Part[] {
  switch (node.kind) {
    case "record":
      return node.fields.map((field, index) => ({ node: field.type, step: `/fields/${index}/type`, field }));
    case "array":
      return [{ node: node.items, step: "/items" }];
    case "map":
      return [{ node: node.values, step: "/values" }];
    case "union":
      return node.branches.map((branch, index) => ({ node: branch, step: `/${index}` }));
    default:
      return [];
  }
}
