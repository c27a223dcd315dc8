import { compareSchemas, compareSchemasInTurns } from "../avro/compare-schemas.ts";
import type { Difference } from "../avro/difference.ts";
import type { DefinitionNode, ParsedSchema } from "../avro/parsed-schema.ts";
import { shortNameOf } from "../avro/schema-name.ts";
import { branchName } from "../avro/union-branches.ts";
import type { JavaScriptWarning } from "./javascript-warning.ts";
import { asFull, withFullNames } from "./with-full-names.ts";

interface EarlierVersion {
  readonly version: number;
  readonly schema: ParsedSchema;
}

/**
 * Where clients in JavaScript cannot read data of an earlier version with this schema, or the other way round, though
 * the two are compatible: Avro compares names without their namespaces, avsc with them. `history` is ascending; each
 * difference is told about the newest version that has it.
 */
export function resolvingWarnings(
  schema: ParsedSchema,
  history: readonly EarlierVersion[],
): readonly JavaScriptWarning[] {
  const steps = findWarnings(schema, history);
  let step = steps.next();
  while (step.done !== true) step = steps.next(compareSchemas(...step.value).differences);
  return step.value;
}

/** The same for schemas of strangers: awaits `pause` again and again, as comparisons may take seconds. */
export async function resolvingWarningsInTurns(
  schema: ParsedSchema,
  history: readonly EarlierVersion[],
  pause: () => Promise<void>,
): Promise<readonly JavaScriptWarning[]> {
  const steps = findWarnings(schema, history);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await compareSchemasInTurns(...step.value, pause));
  return step.value;
}

type SchemaPair = readonly [reader: ParsedSchema, writer: ParsedSchema];

/** Yields the schemas that are to be compared, and is given their differences. */
function* findWarnings(
  schema: ParsedSchema,
  history: readonly EarlierVersion[],
): Generator<SchemaPair, readonly JavaScriptWarning[], readonly Difference[]> {
  let own: ParsedSchema | undefined;
  const found = new Map<string, JavaScriptWarning>();
  for (const earlier of history.toReversed()) {
    if (!hasMovedName(schema, earlier.schema.names.keys())) continue;
    own ??= withFullNames(schema);
    const other = withFullNames(earlier.schema);
    for (const direction of ["backward", "forward"] as const) {
      const isBackward = direction === "backward";
      const lax = yield isBackward ? [schema, earlier.schema] : [earlier.schema, schema];
      if (lax.length > 0) continue;
      const strict = yield isBackward ? [own, other] : [other, own];
      for (const difference of strict.flatMap(innermost)) {
        const { path, reader: mine, branch, writer: theirs } = difference;
        const key = JSON.stringify([direction, path, nameOf(mine), nameOf(branch ?? theirs)]);
        if (!found.has(key)) found.set(key, namespaceMoved(difference, earlier.version, direction));
      }
    }
  }
  return [...found.values()];
}

/** Without a short name that has two full names, a comparison by full names says what one by short names does. */
export function hasMovedName(one: ParsedSchema, otherNames: Iterable<string>): boolean {
  const known = fullNames(one);
  for (const name of otherNames) {
    for (const full of known.get(shortNameOf(name)) ?? []) if (full !== name) return true;
  }
  return false;
}

const fullNamesOf = new WeakMap<ParsedSchema, ReadonlyMap<string, readonly string[]>>();

function fullNames(schema: ParsedSchema): ReadonlyMap<string, readonly string[]> {
  const known = fullNamesOf.get(schema);
  if (known !== undefined) return known;
  const names = new Map<string, string[]>();
  for (const name of schema.names.keys()) {
    const short = shortNameOf(name);
    names.set(short, [...(names.get(short) ?? []), name]);
  }
  fullNamesOf.set(schema, names);
  return names;
}

/** The reasons within a union branch say more than that no branch fits. */
function innermost(difference: Difference): readonly Difference[] {
  const { nested = [] } = difference;
  return nested.length === 0 ? [difference] : nested.flatMap(innermost);
}

function namespaceMoved(
  { path, reader, writer, branch }: Difference,
  version: number,
  direction: "backward" | "forward",
): JavaScriptWarning {
  const written = nameOf(branch ?? writer);
  const read = nameOf(reader);
  const other = reader.kind === "union" ? "another namespace" : `the name ${read}`;
  const [here, there] =
    direction === "backward"
      ? [`data of version ${version} with this schema`, "this schema"]
      : [`data of this schema with version ${version}`, `version ${version}`];
  return {
    rule: "namespace-moved",
    path,
    version,
    direction,
    message: `Clients in JavaScript cannot read ${here}: they compare names with namespaces, and what was written as ${written} has ${other} in ${there}`,
    hint:
      direction === "backward"
        ? `Keep the namespace, or add "aliases": ["${written}"] to the type.`
        : "Keep the namespace: an older reader cannot be given an alias.",
  };
}

function nameOf(node: DefinitionNode): string {
  return asFull(branchName(node));
}
