import { canonicalText } from "../avro/canonical-text.ts";
import { canonicalMetadata } from "./schema-metadata.ts";
import { createPace } from "./event-loop-pace.ts";
import type { RegistryReader } from "./registry-storage.ts";
import { sameJson } from "./same-json.ts";
import type { ParsedVersion, PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import type { VersionKey } from "./subject-version.ts";

/**
 * The newest version of a subject that holds the given schema under another text, as Confluent finds it: one that
 * differs in the order of properties only, one whose references written out make the text (generated Java classes
 * know only that), and, if the request normalizes, one that is equal once it is normalized too.
 */
export async function findEquivalent(
  preparation: SchemaPreparation,
  reader: RegistryReader,
  wanted: PreparedSchema,
  history: readonly VersionKey[],
): Promise<VersionKey | undefined> {
  const size = Buffer.byteLength(wanted.schema);
  const candidates = history.filter(
    (key) => wanted.normalize || key.size === size || (key.refers && wanted.references.length === 0),
  );
  const pace = createPace();
  for await (const version of preparation.parseVersions(candidates.toReversed(), reader)) {
    if (isEquivalent(wanted, version)) return version.key;
    await pace();
  }
  return undefined;
}

function isEquivalent(wanted: PreparedSchema, { stored, parsed }: ParsedVersion): boolean {
  const isInlined =
    wanted.references.length === 0 &&
    stored.references.length > 0 &&
    canonicalText({ ...parsed, external: new Set() }, wanted) === wanted.schema;
  if (isInlined) return true;
  if (!sameBeside(wanted, stored)) return false;
  if (wanted.normalize) return canonicalText(parsed, { normalize: true }) === wanted.schema;
  return stored.schema.length === wanted.schema.length && sameJson(stored.schema, wanted.schema);
}

/** References and metadata are a part of what a schema is, however its text is spelled. */
function sameBeside(wanted: PreparedSchema, stored: ParsedVersion["stored"]): boolean {
  const beside = ({ references, metadata }: Pick<PreparedSchema, "references" | "metadata">): string =>
    JSON.stringify([
      references.map(({ name, subject, version }) => [name, subject, version]),
      canonicalMetadata(metadata),
    ]);
  return beside(wanted) === beside(stored);
}
