import { canonicalText } from "../avro/canonical-text.ts";
import type { RegistryReader } from "./registry-storage.ts";
import type { PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import type { SubjectVersion } from "./subject-version.ts";

/**
 * The version whose references, written out, make the given schema: generated Java classes know only that whole text
 * and look it up. Undefined when there is none, or the schema has references itself.
 */
export async function findInlinedTwin(
  preparation: SchemaPreparation,
  reader: RegistryReader,
  { schema, references }: PreparedSchema,
  versions: readonly SubjectVersion[],
): Promise<SubjectVersion | undefined> {
  if (references.length > 0) return undefined;
  for (const version of versions.toReversed()) {
    if (version.references.length === 0) continue;
    const parsed = await preparation.parseStored(version, reader);
    if (canonicalText({ ...parsed, external: new Set() }) === schema) return version;
  }
  return undefined;
}
