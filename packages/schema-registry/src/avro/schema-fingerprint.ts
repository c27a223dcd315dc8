import { createHash } from "node:crypto";

/** The identity of a schema: sha256 of its canonical text, 64 lower-case hex digits. */
export function schemaFingerprint(canonical: string): string {
  return createHash("sha256").update(canonical, "utf8").digest("hex");
}
