import { canonicalText } from "../avro/canonical-text.ts";
import type { SchemaPreparation } from "./schema-preparation.ts";
import type { StoredSchema } from "./subject-version.ts";

/** The schema with the types of its references written out in its text. */
export async function resolvedText<S extends StoredSchema>(
  preparation: SchemaPreparation,
  stored: S,
): Promise<S> {
  if (stored.references.length === 0) return stored;
  const parsed = await preparation.parseStored(stored);
  return { ...stored, schema: canonicalText({ ...parsed, external: new Set() }) };
}
