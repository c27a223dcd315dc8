import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { incompatibilities, incompatibilitiesInTurns } from "./check-compatibility.ts";
import type { ComparedSchemas } from "./describe-difference.ts";
import type { Incompatibility } from "./incompatibility.ts";

/** Every level there is. */
export const compatibilityLevels = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;

/** Which earlier versions a new schema must agree with, and in which direction. */
export type CompatibilityLevel = (typeof compatibilityLevels)[number];

export interface SchemaVersion {
  readonly version: number;
  readonly schema: ParsedSchema;
}

/** The first version, newest first, that a schema is not compatible with. */
export interface LevelViolation {
  readonly version: number;
  /** `backward`: the new schema cannot read that version; `forward`: that version cannot read the new schema. */
  readonly direction: "backward" | "forward";
  readonly incompatibilities: readonly Incompatibility[];
}

const newReads = { reader: "the new schema", writer: "the old schema" };
const oldReads = { reader: "the old schema", writer: "the new schema" };

/**
 * Whether `next` may follow `history` (oldest first) under a level. Returns the first violation, newest version
 * first, or null. Levels that are not transitive look at the newest version only. Messages call the schemas old and
 * new, and hints ask for changes to the new one only.
 */
export function checkLevel(
  level: CompatibilityLevel,
  next: ParsedSchema,
  history: readonly SchemaVersion[],
): LevelViolation | null {
  for (const { version, direction, schemas } of comparisons(level, next, history)) {
    const found = incompatibilities(schemas);
    if (found.length > 0) return { version, direction, incompatibilities: found };
  }
  return null;
}

/**
 * The same for schemas of strangers: awaits `pause` again and again, which lets other work run, as a comparison may
 * take seconds.
 */
export async function checkLevelInTurns(
  level: CompatibilityLevel,
  next: ParsedSchema,
  history: readonly SchemaVersion[],
  pause: () => Promise<void>,
): Promise<LevelViolation | null> {
  for (const { version, direction, schemas } of comparisons(level, next, history)) {
    const found = await incompatibilitiesInTurns(schemas, pause);
    if (found.length > 0) return { version, direction, incompatibilities: found };
  }
  return null;
}

interface LevelComparison extends Pick<LevelViolation, "version" | "direction"> {
  readonly schemas: ComparedSchemas;
}

/** What a level asks to be compared, newest version first. */
function* comparisons(
  level: CompatibilityLevel,
  next: ParsedSchema,
  history: readonly SchemaVersion[],
): Generator<LevelComparison> {
  if (level === "NONE") return;
  const backward = level.startsWith("BACKWARD") || level.startsWith("FULL");
  const forward = level.startsWith("FORWARD") || level.startsWith("FULL");
  const versions = level.endsWith("_TRANSITIVE") ? history.toReversed() : history.slice(-1);
  for (const { version, schema } of versions) {
    if (backward) {
      const schemas = { reader: next, writer: schema, words: newReads, open: "reader" } as const;
      yield { version, direction: "backward", schemas };
    }
    if (forward) {
      const schemas = { reader: schema, writer: next, words: oldReads, open: "writer" } as const;
      yield { version, direction: "forward", schemas };
    }
  }
}
