import type {
  DefinitionNode,
  FieldNode,
  NamedNode,
  RecordNode,
  SchemaNode,
  UnionNode,
} from "./parsed-schema.ts";
import { shortNameOf } from "./schema-name.ts";

/** Whether a reader's named type answers to a writer's: the same short name, or an alias for the full one. */
export function namesMatch(reader: NamedNode, writer: NamedNode): boolean {
  return shortNameOf(reader.name) === shortNameOf(writer.name) || reader.aliases.includes(writer.name);
}

const fieldsByName = new WeakMap<RecordNode, ReadonlyMap<string, FieldNode>>();

/** The writer's fields that a reader's field takes its value from: the one of its name, then those of its aliases. */
export function matchingFields(writer: RecordNode, field: FieldNode): FieldNode[] {
  const fields = fieldsByName.get(writer) ?? new Map(writer.fields.map((one) => [one.name, one]));
  fieldsByName.set(writer, fields);
  const matches = [field.name, ...field.aliases].map((name) => fields.get(name));
  return [...new Set(matches.filter((match) => match !== undefined))];
}

/** The branches of a reader's union, the ones closest to a writer's type first: by full name, by name, by kind. */
export function preferredBranches(
  names: ReadonlyMap<string, NamedNode>,
  union: UnionNode,
  writer: DefinitionNode,
): PreferredBranch[] {
  return union.branches
    .map((branch, index) => ({ index, ...closeness(resolve(names, branch), writer) }))
    .toSorted((a, b) => a.distance - b.distance);
}

export interface PreferredBranch {
  readonly index: number;
  readonly distance: number;
  /** Not excluded by kind and name alone. */
  readonly isCandidate: boolean;
}

function resolve(names: ReadonlyMap<string, NamedNode>, node: SchemaNode): SchemaNode {
  return node.kind === "reference" ? (names.get(node.name) ?? node) : node;
}

function closeness(reader: SchemaNode, writer: DefinitionNode): { distance: number; isCandidate: boolean } {
  if (reader.kind !== writer.kind) return { distance: 3, isCandidate: true };
  if (!isNamed(reader) || !isNamed(writer)) return { distance: 0, isCandidate: true };
  if (!namesMatch(reader, writer)) return { distance: 2, isCandidate: false };
  return { distance: reader.name === writer.name ? 0 : 1, isCandidate: true };
}

function isNamed(node: SchemaNode): node is NamedNode {
  return node.kind === "record" || node.kind === "enum" || node.kind === "fixed";
}
