import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";

const levels: readonly CompatibilityLevel[] = [
  "NONE",
  "BACKWARD",
  "FORWARD",
  "FULL",
  "BACKWARD_TRANSITIVE",
  "FORWARD_TRANSITIVE",
  "FULL_TRANSITIVE",
];

/** @throws RegistryError `compatibility-invalid` */
export function parseLevel(text: unknown): CompatibilityLevel {
  const wanted = typeof text === "string" ? text.toUpperCase() : undefined;
  const level = levels.find((candidate) => candidate === wanted);
  if (level) return level;
  throw new RegistryError(
    "compatibility-invalid",
    "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, " +
      "forward_transitive, and full_transitive",
  );
}
