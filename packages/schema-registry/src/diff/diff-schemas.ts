import type { NamedNode, ParsedSchema } from "../avro/parsed-schema.ts";
import { compareDefinitions } from "./compare-definitions.ts";
import { compareTypes } from "./compare-types.ts";
import type { SchemaChange } from "./schema-change.ts";
import { schemaFragment } from "./schema-fragment.ts";
import { schemaPlaces } from "./schema-places.ts";

/**
 * What was added, removed, renamed or changed from one schema to another: fields, symbols, branches and attributes,
 * then whole types. Fields pair up by name or by an alias of the later one, types by full name or, when the name is
 * new, by their place.
 */
export function diffSchemas(before: ParsedSchema, after: ParsedSchema): readonly SchemaChange[] {
  const changes: SchemaChange[] = [];
  const pointers = { before: definitionPointers(before), after: definitionPointers(after) };
  /** Names of the later schema, with those that the same types have in the earlier one. */
  const pairs = new Map<string, string>();
  const pending: [NamedNode, NamedNode][] = [];

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

  const report = (change: SchemaChange): void => void changes.push(change);
  const comparison = { before, after, pair, report };

  function comparePending(): void {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const [earlier, later] = next;
      compareDefinitions(comparison, earlier, later, {
        type: later.name,
        earlier: pointers.before.get(earlier.name) ?? `${earlier.name}#`,
        later: pointers.after.get(later.name) ?? `${later.name}#`,
      });
    }
  }

  compareTypes(comparison, before.root, after.root, { type: "", earlier: "", later: "" });
  comparePending();
  // Types that have moved to another place of the schema.
  for (const later of after.names.values()) {
    const earlier = before.names.get(later.name);
    if (earlier !== undefined && pair(earlier, later)) comparePending();
  }

  const kept = new Set(pairs.values());
  for (const [name, path] of pointers.after) {
    if (!before.names.has(name) && !pairs.has(name)) report(wholeType("added", after, name, path));
  }
  for (const [name, path] of pointers.before) {
    if (!after.names.has(name) && !kept.has(name)) report(wholeType("removed", before, name, path));
  }
  return changes;
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
  const text = node === undefined ? "" : schemaFragment(schema, node);
  const side = change === "added" ? { after: text } : { before: text };
  return { change, element: "type", type: name, name, path, ...side };
}
