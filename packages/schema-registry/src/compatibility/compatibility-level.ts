import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { checkCompatibility } from "./check-compatibility.ts";
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

/**
 * Whether `next` may follow `history` (oldest first) under a level. Returns the first violation, newest version
 * first, or null. Levels that are not transitive look at the newest version only.
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
    if (backward) {
      const incompatibilities = checkCompatibility(next, schema);
      if (incompatibilities.length > 0) return { version, direction: "backward", incompatibilities };
    }
    if (forward) {
      const incompatibilities = checkCompatibility(schema, next);
      if (incompatibilities.length > 0) return { version, direction: "forward", incompatibilities };
    }
  }
  return null;
}
