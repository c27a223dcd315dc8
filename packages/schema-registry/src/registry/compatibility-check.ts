import { checkLevel, type CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import type { RegistryReader } from "./registry-storage.ts";
import type { PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import type { SchemaRefusal } from "./schema-refusal.ts";
import type { SubjectVersion } from "./subject-version.ts";

// Clients print the messages: enough of the old schema to recognise it.
const shownSchema = 2_000;

/** Why `next` may not follow `history` (ascending, live) under the level; null when it may. */
export async function findRefusal(
  preparation: SchemaPreparation,
  reader: RegistryReader,
  {
    subject,
    level,
    next,
    history,
  }: {
    readonly subject: string;
    readonly level: CompatibilityLevel;
    readonly next: PreparedSchema;
    readonly history: readonly SubjectVersion[];
  },
): Promise<SchemaRefusal | null> {
  if (level === "NONE") return null;
  const looked = level.endsWith("_TRANSITIVE") ? history : history.slice(-1);
  const versions = [];
  for (const version of looked) {
    versions.push({ version: version.version, schema: await preparation.parseStored(version, reader) });
  }
  const violation = checkLevel(level, next.parsed, versions);
  if (violation === null) return null;
  const { version, direction, incompatibilities } = violation;
  const old = looked.find((candidate) => candidate.version === version)?.schema ?? "";
  return {
    subject,
    level,
    reasons: incompatibilities.map((reason) => ({ ...reason, version, direction })),
    messages: [
      ...incompatibilities.map(confluentMessage),
      `{oldSchemaVersion: ${version}}`,
      `{oldSchema: '${old.length > shownSchema ? `${old.slice(0, shownSchema)}...` : old}'}`,
      `{validateFields: 'false', compatibility: '${level}'}`,
    ],
  };
}

function confluentMessage({ kind, path, message, hint }: Incompatibility): string {
  return `{errorType:'${kind}', description:'${message} (at path '${path}')', additionalInfo:'${hint}'}`;
}
