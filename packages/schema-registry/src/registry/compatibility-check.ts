import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { checkLevelInTurns, type CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import { RegistryError } from "../errors.ts";
import { createPace } from "./event-loop-pace.ts";
import type { RegistryReader } from "./registry-storage.ts";
import type { ParsedVersion, PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import type { RefusalReason, SchemaRefusal } from "./schema-refusal.ts";
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
    const reasons: RefusalReason[] = [];
    // Both directions of a full level at once: who mends one should know of the other.
    for (const direction of directionsOf(level)) {
      reasons.push(...(await compare(direction, next, earlier, pace)));
    }
    if (reasons.length > 0) {
      const messages = confluentMessages(level, reasons, earlier);
      return { subject, level, reasons, messages };
    }
  }
  return null;
}

function directionsOf(level: CompatibilityLevel): readonly ("BACKWARD" | "FORWARD")[] {
  if (level.startsWith("FULL")) return ["BACKWARD", "FORWARD"];
  return level.startsWith("BACKWARD") ? ["BACKWARD"] : ["FORWARD"];
}

async function compare(
  level: "BACKWARD" | "FORWARD",
  next: PreparedSchema,
  { key: { version }, parsed }: ParsedVersion,
  pace: () => Promise<void>,
): Promise<readonly RefusalReason[]> {
  try {
    const violation = await checkLevelInTurns(level, next.parsed, [{ version, schema: parsed }], pace);
    if (violation === null) return [];
    const { direction, incompatibilities } = violation;
    return incompatibilities.map((reason) => ({ ...reason, version, direction }));
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error;
    throw new RegistryError(
      "schema-invalid",
      `Invalid schema, details: it cannot be held against version ${version}: ${error.message}`,
      { invalid: { path: error.path, rule: error.rule }, cause: error },
    );
  }
}

function confluentMessages(
  level: CompatibilityLevel,
  reasons: readonly RefusalReason[],
  { key: { version }, stored: { schema } }: ParsedVersion,
): readonly string[] {
  const old = schema.length > shownSchema ? `${schema.slice(0, shownSchema)}...` : schema;
  return [
    ...reasons.map(confluentMessage),
    `{oldSchemaVersion: ${version}}`,
    `{oldSchema: '${old}'}`,
    `{validateFields: 'false', compatibility: '${level}'}`,
  ];
}

function confluentMessage({ kind, path, message, hint }: Incompatibility): string {
  return `{errorType:'${kind}', description:'${message} (at path '${path}')', additionalInfo:'${hint}'}`;
}
