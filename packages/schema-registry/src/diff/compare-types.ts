import { jsonText } from "../avro/json-text.ts";
import type { DefinitionNode, ParsedSchema, Properties, SchemaNode } from "../avro/parsed-schema.ts";
import { shortNameOf } from "../avro/schema-name.ts";
import { branchName } from "../avro/union-branches.ts";
import {
  compareAttribute,
  isReordered,
  placesOf,
  within,
  type Changes,
  type Comparison,
  type Place,
} from "./comparison.ts";
import { isNamed, typeText } from "./schema-fragment.ts";

/** Compares what stands at one place of the two schemas. Named types are compared later, see `Comparison.pair`. */
export function* compareTypes(
  comparison: Comparison,
  before: SchemaNode,
  after: SchemaNode,
  place: Place,
): Changes {
  const earlier = definition(comparison.before, before);
  const later = definition(comparison.after, after);
  if (earlier.kind === "union" || later.kind === "union") {
    const differs = yield* compareBranches(comparison, branchesOf(earlier), branchesOf(later), place);
    if (!differs && earlier.kind !== later.kind) yield typeChange(comparison, earlier, later, place);
  } else if (isNamed(earlier) && isNamed(later)) {
    if (!comparison.pair(earlier, later)) yield typeChange(comparison, earlier, later, place);
  } else if (earlier.kind === "array" && later.kind === "array") {
    yield* compareProperties(earlier.properties, later.properties, place);
    yield* compareTypes(comparison, earlier.items, later.items, within(place, "/items"));
  } else if (earlier.kind === "map" && later.kind === "map") {
    yield* compareProperties(earlier.properties, later.properties, place);
    yield* compareTypes(comparison, earlier.values, later.values, within(place, "/values"));
  } else if (earlier.kind === later.kind && !isNamed(earlier) && !isNamed(later)) {
    yield* compareProperties(earlier.properties, later.properties, place);
  } else {
    yield typeChange(comparison, earlier, later, place);
  }
}

export function* compareProperties(before: Properties, after: Properties, place: Place): Changes {
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [earlier, later] = [before.get(name), after.get(name)];
    yield* compareAttribute(place, {
      name,
      before: earlier === undefined ? undefined : jsonText(earlier),
      after: later === undefined ? undefined : jsonText(later),
    });
  }
}

function typeChange(
  { before, after }: Comparison,
  earlier: DefinitionNode,
  later: DefinitionNode,
  place: Place,
) {
  return {
    change: "changed",
    element: "attribute",
    type: place.type,
    ...(place.field !== undefined && { field: place.field }),
    name: "type",
    path: place.later,
    before: typeText(before, earlier),
    after: typeText(after, later),
  } as const;
}

interface Branch {
  readonly node: SchemaNode;
  /** Step of the JSON pointer: a type without a union around it is its only branch. */
  readonly step: string;
}

function branchesOf(node: DefinitionNode): readonly Branch[] {
  if (node.kind !== "union") return [{ node, step: "" }];
  return node.branches.map((branch, index) => ({ node: branch, step: `/${index}` }));
}

/** True when branches come or go. */
function* compareBranches(
  comparison: Comparison,
  before: readonly Branch[],
  after: readonly Branch[],
  place: Place,
): Changes<boolean> {
  const matches = matchBranches(comparison, before, after);
  for (const [later, earlier] of matches) {
    yield* compareTypes(comparison, earlier.node, later.node, within(place, earlier.step, later.step));
  }
  const matched = new Set(matches.values());
  const about = {
    element: "branch",
    type: place.type,
    ...(place.field !== undefined && { field: place.field }),
  } as const;
  for (const branch of after) {
    if (matches.has(branch)) continue;
    const path = `${place.later}${branch.step}`;
    const text = typeText(comparison.after, branch.node);
    yield { change: "added", ...about, name: branchName(branch.node), path, after: text };
  }
  for (const branch of before) {
    if (matched.has(branch)) continue;
    const path = `${place.earlier}${branch.step}`;
    const text = typeText(comparison.before, branch.node);
    yield { change: "removed", ...about, name: branchName(branch.node), path, before: text };
  }
  const places = placesOf(before);
  if (isReordered([...matches.values()].map((branch) => places.get(branch) ?? 0))) {
    const sides = { before: names(before), after: names(after) };
    yield* compareAttribute(place, { name: "order of branches", ...sides, step: "" });
  }
  return matches.size < before.length || matches.size < after.length;
}

/** The later branches, in order, with the earlier ones that they continue: by full name, else by short name and kind. */
function matchBranches(
  comparison: Comparison,
  before: readonly Branch[],
  after: readonly Branch[],
): ReadonlyMap<Branch, Branch> {
  const byName = new Map(before.map((branch) => [branchName(branch.node), branch]));
  const kept = new Set(after.map((branch) => byName.get(branchName(branch.node))));
  const left = new Map(
    before
      .filter((branch) => !kept.has(branch))
      .map((branch) => [shortKey(comparison.before, branch), branch]),
  );
  const matches = new Map<Branch, Branch>();
  for (const later of after) {
    const key = shortKey(comparison.after, later);
    const same = byName.get(branchName(later.node));
    const earlier = same ?? left.get(key);
    if (earlier === undefined) continue;
    matches.set(later, earlier);
    if (same === undefined) left.delete(key);
  }
  return matches;
}

function shortKey(schema: ParsedSchema, { node }: Branch): string {
  const { kind } = definition(schema, node);
  return `${kind} ${shortNameOf(branchName(node))}`;
}

function names(branches: readonly Branch[]): string {
  return JSON.stringify(branches.map(({ node }) => branchName(node)));
}

function definition(schema: ParsedSchema, node: SchemaNode): DefinitionNode {
  const target = node.kind === "reference" ? schema.names.get(node.name) : node;
  // A parsed schema has a definition for each name.
  if (target === undefined) throw new Error("The schema uses a name that it does not define");
  return target;
}
