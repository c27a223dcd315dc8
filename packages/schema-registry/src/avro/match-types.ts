import type {
  DefinitionNode,
  FieldNode,
  NamedNode,
  RecordNode,
  SchemaNode,
  UnionNode,
} from "./parsed-schema.ts";
import { shortNameOf } from "./schema-name.ts";
import { branchName } from "./union-branches.ts";

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

/** The branches of a union by what a writer's type is compared with. */
interface BranchIndex {
  readonly byName: ReadonlyMap<string, readonly number[]>;
  readonly byAlias: ReadonlyMap<string, readonly number[]>;
  readonly unnamed: readonly number[];
  readonly firstOfKind: ReadonlyMap<string, number>;
}

const branchIndexes = new WeakMap<UnionNode, BranchIndex>();

/** A branch of a reader's union that a writer's type may be read as. */
export interface BranchCandidate {
  readonly index: number;
  /** Of the same kind and, where types have names, of a name that matches. */
  readonly isClose: boolean;
}

/** The branches that kind and name do not exclude, the closest first: by full name, by name, by promotion. */
export function branchCandidates(
  names: ReadonlyMap<string, NamedNode>,
  union: UnionNode,
  writer: DefinitionNode,
): BranchCandidate[] {
  const index = branchIndex(names, union);
  const fullNameAt = (at: number): string => branchName(union.branches[at] ?? union);
  if (!isNamed(writer)) {
    const same = index.unnamed.filter((at) => fullNameAt(at) === writer.kind);
    const others = index.unnamed.filter((at) => fullNameAt(at) !== writer.kind);
    return [
      ...same.map((at) => ({ index: at, isClose: true })),
      ...others.map((at) => ({ index: at, isClose: false })),
    ];
  }
  const short = index.byName.get(shortNameOf(writer.name)) ?? [];
  const aliased = index.byAlias.get(writer.name) ?? [];
  const found = [...new Set([...short.filter((at) => fullNameAt(at) === writer.name), ...short, ...aliased])];
  return found
    .filter((at) => resolve(names, union.branches[at])?.kind === writer.kind)
    .map((at) => ({ index: at, isClose: true }));
}

/** The first branch of the writer's kind: where no branch matches, the one worth explaining. */
export function firstOfKind(
  names: ReadonlyMap<string, NamedNode>,
  union: UnionNode,
  writer: DefinitionNode,
): number | undefined {
  return branchIndex(names, union).firstOfKind.get(writer.kind);
}

function branchIndex(names: ReadonlyMap<string, NamedNode>, union: UnionNode): BranchIndex {
  const known = branchIndexes.get(union);
  if (known !== undefined) return known;
  const byName = new Map<string, number[]>();
  const byAlias = new Map<string, number[]>();
  const unnamed: number[] = [];
  const firsts = new Map<string, number>();
  for (const [at, branch] of union.branches.entries()) {
    const node = resolve(names, branch);
    if (node === undefined) continue;
    if (!firsts.has(node.kind)) firsts.set(node.kind, at);
    if (!isNamed(node)) {
      unnamed.push(at);
      continue;
    }
    add(byName, shortNameOf(node.name), at);
    for (const alias of node.aliases) add(byAlias, alias, at);
  }
  const index = { byName, byAlias, unnamed, firstOfKind: firsts };
  branchIndexes.set(union, index);
  return index;
}

function add(map: Map<string, number[]>, key: string, at: number): void {
  const places = map.get(key);
  if (places === undefined) map.set(key, [at]);
  else places.push(at);
}

function resolve(
  names: ReadonlyMap<string, NamedNode>,
  node: SchemaNode | undefined,
): SchemaNode | undefined {
  return node?.kind === "reference" ? names.get(node.name) : node;
}

function isNamed(node: DefinitionNode | SchemaNode): node is NamedNode {
  return node.kind === "record" || node.kind === "enum" || node.kind === "fixed";
}
