import type { NamedNode, ParsedSchema } from "../avro/parsed-schema.ts";
import { compareDefinitions } from "./compare-definitions.ts";
import { compareTypes } from "./compare-types.ts";
import type { Changes } from "./comparison.ts";
import type { SchemaChange } from "./schema-change.ts";
import { definitionText } from "./schema-fragment.ts";
import { schemaPlaces } from "./schema-places.ts";

const mostChanges = 1_000;

/**
 * What was added, removed, renamed or changed from one schema to another: fields, symbols, branches and attributes,
 * then whole types; at most 1,000 changes. Fields pair up by name or by an alias of the later one, types by full name
 * or, when the name is new, by their place.
 */
export function diffSchemas(before: ParsedSchema, after: ParsedSchema): readonly SchemaChange[] {
  const changes: SchemaChange[] = [];
  for (const change of findChanges(before, after)) {
    changes.push(change);
    if (changes.length === mostChanges) break;
  }
  return changes;
}

function* findChanges(before: ParsedSchema, after: ParsedSchema): Changes {
  const pointers = { before: definitionPointers(before), after: definitionPointers(after) };
  /** Names of the later schema, with those that the same types have in the earlier one. */
  const pairs = new Map<string, string>();
  const pending: [NamedNode, NamedNode][] = [];
  let done = 0;

  /** True when the two are, or become, one type; each type is compared once. */
  function pair(earlier: NamedNode, later: NamedNode): boolean {
    const known = pairs.get(later.name);
    if (known !== undefined) return known === earlier.name;
    const isRenamed = earlier.name !== later.name;
    if (isRenamed && (after.names.has(earlier.name) || before.names.has(later.name))) return false;
    if (earlier.kind !== later.kind) return false;
    pairs.set(later.name, earlier.name);
    pending.push([earlier, later]);
    return true;
  }

  const comparison = { before, after, pair };

  function* comparePending(): Changes {
    for (let next = pending[done]; next !== undefined; next = pending[done]) {
      done += 1;
      const [earlier, later] = next;
      yield* compareDefinitions(comparison, earlier, later, {
        type: later.name,
        earlier: pointers.before.get(earlier.name) ?? `${earlier.name}#`,
        later: pointers.after.get(later.name) ?? `${later.name}#`,
      });
    }
  }

  yield* compareTypes(comparison, before.root, after.root, { type: "", earlier: "", later: "" });
  yield* comparePending();
  // Types that have moved to another place of the schema.
  for (const later of after.names.values()) {
    const earlier = before.names.get(later.name);
    if (earlier !== undefined && pair(earlier, later)) yield* comparePending();
  }

  const kept = new Set(pairs.values());
  for (const [name, path] of pointers.after) {
    if (!before.names.has(name) && !pairs.has(name)) yield wholeType("added", after, name, path);
  }
  for (const [name, path] of pointers.before) {
    if (!after.names.has(name) && !kept.has(name)) yield wholeType("removed", before, name, path);
  }
}

/** Where the text defines each of its named types; those of references are not in it. */
function definitionPointers(schema: ParsedSchema): ReadonlyMap<string, string> {
  const pointers = new Map<string, string>();
  for (const { node, pointer } of schemaPlaces(schema)) if ("name" in node) pointers.set(node.name, pointer);
  return pointers;
}

function wholeType(
  change: "added" | "removed",
  schema: ParsedSchema,
  name: string,
  path: string,
): SchemaChange {
  const node = schema.names.get(name);
  const text = node === undefined ? "" : definitionText(schema, node);
  const side = change === "added" ? { after: text } : { before: text };
  return { change, element: "type", type: name, name, path, ...side };
}
