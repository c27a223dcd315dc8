import { compareSchemas } from "../avro/compare-schemas.ts";
import type { Difference } from "../avro/difference.ts";
import type { DefinitionNode, ParsedSchema } from "../avro/parsed-schema.ts";
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
  const own = withFullNames(schema);
  const found = new Map<string, JavaScriptWarning>();
  for (const earlier of history.toReversed()) {
    const other = withFullNames(earlier.schema);
    for (const direction of ["backward", "forward"] as const) {
      const [reader, writer] = direction === "backward" ? [schema, earlier.schema] : [earlier.schema, schema];
      if (compareSchemas(reader, writer).differences.length > 0) continue;
      const [strictReader, strictWriter] = direction === "backward" ? [own, other] : [other, own];
      const { differences } = compareSchemas(strictReader, strictWriter);
      for (const difference of differences.flatMap(innermost)) {
        const { path, reader: mine, branch, writer: theirs } = difference;
        const key = JSON.stringify([direction, path, nameOf(mine), nameOf(branch ?? theirs)]);
        if (!found.has(key)) found.set(key, namespaceMoved(difference, earlier.version, direction));
      }
    }
  }
  return [...found.values()];
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
