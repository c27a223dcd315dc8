import { jsonText } from "../avro/json-text.ts";
import type {
  DefinitionNode,
  NamedNode,
  ParsedSchema,
  Properties,
  SchemaNode,
  UnionNode,
} from "../avro/parsed-schema.ts";
import { shortNameOf } from "../avro/schema-name.ts";
import { branchName } from "../avro/union-branches.ts";
import { compareAttribute, within, type Comparison, type Place } from "./comparison.ts";
import { schemaFragment } from "./schema-fragment.ts";

/** Compares what stands at one place of the two schemas. Named types are compared later, see `Comparison.pair`. */
export function compareTypes(
  comparison: Comparison,
  before: SchemaNode,
  after: SchemaNode,
  place: Place,
): void {
  const earlier = definition(comparison.before, before);
  const later = definition(comparison.after, after);
  if (earlier.kind === "union" || later.kind === "union") {
    const differs = compareBranches(comparison, branchesOf(earlier), branchesOf(later), place);
    if (!differs && earlier.kind !== later.kind) typeChanged(comparison, earlier, later, place);
  } else if (isNamed(earlier) && isNamed(later)) {
    if (!comparison.pair(earlier, later)) typeChanged(comparison, earlier, later, place);
  } else if (earlier.kind === "array" && later.kind === "array") {
    compareProperties(comparison, earlier.properties, later.properties, place);
    compareTypes(comparison, earlier.items, later.items, within(place, "/items"));
  } else if (earlier.kind === "map" && later.kind === "map") {
    compareProperties(comparison, earlier.properties, later.properties, place);
    compareTypes(comparison, earlier.values, later.values, within(place, "/values"));
  } else if (earlier.kind === later.kind && !isNamed(earlier) && !isNamed(later)) {
    compareProperties(comparison, earlier.properties, later.properties, place);
  } else {
    typeChanged(comparison, earlier, later, place);
  }
}

export function compareProperties(
  comparison: Comparison,
  before: Properties,
  after: Properties,
  place: Place,
): void {
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [earlier, later] = [before.get(name), after.get(name)];
    compareAttribute(comparison, place, {
      name,
      before: earlier === undefined ? undefined : jsonText(earlier),
      after: later === undefined ? undefined : jsonText(later),
    });
  }
}

function typeChanged(
  { before, after, report }: Comparison,
  earlier: DefinitionNode,
  later: DefinitionNode,
  place: Place,
): void {
  report({
    change: "changed",
    element: "attribute",
    type: place.type,
    ...(place.field !== undefined && { field: place.field }),
    name: "type",
    path: place.later,
    before: typeText(before, earlier),
    after: typeText(after, later),
  });
}

/** A named type by its name: what is in it is told where it was added or removed. */
function typeText(schema: ParsedSchema, node: DefinitionNode): string {
  return isNamed(node) ? JSON.stringify(node.name) : schemaFragment(schema, node);
}

interface Branch {
  readonly node: DefinitionNode | SchemaNode;
  /** Step of the JSON pointer: a type without a union around it is its only branch. */
  readonly step: string;
}

function branchesOf(node: DefinitionNode): readonly Branch[] {
  if (node.kind !== "union") return [{ node, step: "" }];
  return node.branches.map((branch, index) => ({ node: branch, step: `/${index}` }));
}

/** True when branches come or go. */
function compareBranches(
  comparison: Comparison,
  before: readonly Branch[],
  after: readonly Branch[],
  place: Place,
): boolean {
  const matches = matchBranches(comparison, before, after);
  for (const [later, earlier] of matches) {
    compareTypes(comparison, earlier.node, later.node, within(place, earlier.step, later.step));
  }
  const matched = new Set(matches.values());
  for (const { node, step } of after.filter((branch) => !matches.has(branch))) {
    const text = typeText(comparison.after, definition(comparison.after, node));
    reportBranch(comparison, place, { change: "added", node, path: `${place.later}${step}`, after: text });
  }
  for (const { node, step } of before.filter((branch) => !matched.has(branch))) {
    const text = typeText(comparison.before, definition(comparison.before, node));
    reportBranch(comparison, place, {
      change: "removed",
      node,
      path: `${place.earlier}${step}`,
      before: text,
    });
  }
  const order = [...matches.values()].map((branch) => before.indexOf(branch));
  if (order.some((at, index) => at < (order[index - 1] ?? -1))) {
    compareAttribute(comparison, place, {
      name: "order of branches",
      before: names(before),
      after: names(after),
      step: "",
    });
  }
  return matches.size < before.length || matches.size < after.length;
}

function reportBranch(
  { report }: Comparison,
  place: Place,
  {
    node,
    ...change
  }: {
    readonly change: "added" | "removed";
    readonly node: SchemaNode;
    readonly path: string;
    readonly before?: string;
    readonly after?: string;
  },
): void {
  const field = place.field === undefined ? {} : { field: place.field };
  report({ ...change, element: "branch", type: place.type, ...field, name: branchName(node) });
}

/** The later branches with the earlier ones that they continue: by full name, else by short name and kind. */
function matchBranches(
  comparison: Comparison,
  before: readonly Branch[],
  after: readonly Branch[],
): ReadonlyMap<Branch, Branch> {
  const byName = new Map(before.map((branch) => [branchName(branch.node), branch]));
  const matches = new Map<Branch, Branch>();
  const taken = new Set<Branch>();
  const take = (later: Branch, earlier: Branch | undefined): void => {
    if (earlier === undefined || taken.has(earlier)) return;
    matches.set(later, earlier);
    taken.add(earlier);
  };
  for (const later of after) take(later, byName.get(branchName(later.node)));
  const left = new Map(
    before
      .filter((branch) => !taken.has(branch))
      .map((branch) => [shortKey(comparison.before, branch), branch] as const),
  );
  for (const later of after)
    if (!matches.has(later)) take(later, left.get(shortKey(comparison.after, later)));
  return new Map(
    after.flatMap((later) => {
      const earlier = matches.get(later);
      return earlier === undefined ? [] : [[later, earlier] as const];
    }),
  );
}

function shortKey(schema: ParsedSchema, { node }: Branch): string {
  const { kind } = definition(schema, node);
  return `${kind} ${shortNameOf(branchName(node))}`;
}

function names(branches: readonly Branch[]): string {
  return JSON.stringify(branches.map(({ node }) => branchName(node)));
}

export function definition(schema: ParsedSchema, node: SchemaNode): DefinitionNode {
  const target = node.kind === "reference" ? schema.names.get(node.name) : node;
  // A parsed schema has a definition for each name.
  if (target === undefined) throw new Error("The schema uses a name that it does not define");
  return target;
}

function isNamed(node: DefinitionNode | UnionNode): node is NamedNode {
  return node.kind === "record" || node.kind === "enum" || node.kind === "fixed";
}
