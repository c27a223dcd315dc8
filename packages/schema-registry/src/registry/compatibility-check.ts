import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import {
  checkLevelInTurns,
  type CompatibilityLevel,
  type LevelViolation,
} from "../compatibility/compatibility-level.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import { RegistryError } from "../errors.ts";
import { createPace } from "./event-loop-pace.ts";
import type { RegistryReader } from "./registry-storage.ts";
import type { ParsedVersion, PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import type { SchemaRefusal } from "./schema-refusal.ts";
import type { VersionKey } from "./subject-version.ts";

// Clients print the messages: enough of the old schema to recognise it.
const shownSchema = 2_000;

interface Check {
  readonly subject: string;
  readonly level: CompatibilityLevel;
  readonly next: PreparedSchema;
  /** Ascending, live. */
  readonly history: readonly VersionKey[];
}

/** Why `next` may not follow `history` under the level; null when it may. */
export async function findRefusal(
  preparation: SchemaPreparation,
  reader: RegistryReader,
  { subject, level, next, history }: Check,
): Promise<SchemaRefusal | null> {
  if (level === "NONE") return null;
  const looked = level.endsWith("_TRANSITIVE") ? history.toReversed() : history.slice(-1);
  const pace = createPace();
  for await (const earlier of preparation.parseVersions(looked, reader)) {
    const violation = await compare(level, next, earlier, pace);
    if (violation) return refusal(subject, level, violation, earlier.stored.schema);
  }
  return null;
}

async function compare(
  level: CompatibilityLevel,
  next: PreparedSchema,
  { key: { version }, parsed }: ParsedVersion,
  pace: () => Promise<void>,
): Promise<LevelViolation | null> {
  try {
    return await checkLevelInTurns(level, next.parsed, [{ version, schema: parsed }], pace);
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error;
    throw new RegistryError(
      "schema-invalid",
      `Invalid schema, details: it cannot be held against version ${version}: ${error.message}`,
      { invalid: { path: error.path, rule: error.rule }, cause: error },
    );
  }
}

function refusal(
  subject: string,
  level: CompatibilityLevel,
  { version, direction, incompatibilities }: LevelViolation,
  old: string,
): SchemaRefusal {
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
