import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { incompatibilities } from "./check-compatibility.ts";
import type { Incompatibility } from "./incompatibility.ts";

/** Which earlier versions a new schema must agree with, and in which direction. */
export type CompatibilityLevel =
  "NONE" | "BACKWARD" | "BACKWARD_TRANSITIVE" | "FORWARD" | "FORWARD_TRANSITIVE" | "FULL" | "FULL_TRANSITIVE";

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
  if (level === "NONE") return null;
  const backward = level.startsWith("BACKWARD") || level.startsWith("FULL");
  const forward = level.startsWith("FORWARD") || level.startsWith("FULL");
  const versions = level.endsWith("_TRANSITIVE") ? history.toReversed() : history.slice(-1);
  for (const { version, schema } of versions) {
    const reasons = backward
      ? incompatibilities({ reader: next, writer: schema, words: newReads, open: "reader" })
      : [];
    if (reasons.length > 0) return { version, direction: "backward", incompatibilities: reasons };
    const later = forward
      ? incompatibilities({ reader: schema, writer: next, words: oldReads, open: "writer" })
      : [];
    if (later.length > 0) return { version, direction: "forward", incompatibilities: later };
  }
  return null;
}
