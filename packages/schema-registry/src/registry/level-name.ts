import { compatibilityLevels, type CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";

/** @throws RegistryError `compatibility-invalid` */
export function parseLevel(text: unknown): CompatibilityLevel {
  const wanted = typeof text === "string" ? text.toUpperCase() : undefined;
  const level = compatibilityLevels.find((candidate) => candidate === wanted);
  if (level) return level;
  throw new RegistryError(
    "compatibility-invalid",
    "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, " +
      "forward_transitive, and full_transitive",
  );
}
