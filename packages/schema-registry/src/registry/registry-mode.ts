import { RegistryError } from "../errors.ts";

/**
 * READONLY refuses writes; IMPORT takes ids and versions from the request and skips compatibility. FORWARD says that
 * another registry takes the writes: this one knows no other, so it refuses them too.
 */
export type RegistryMode = "READWRITE" | "READONLY" | "IMPORT" | "FORWARD";

const modes: readonly RegistryMode[] = ["READWRITE", "READONLY", "IMPORT", "FORWARD"];

/** @throws RegistryError `mode-invalid` */
export function parseMode(text: unknown): RegistryMode {
  const wanted = typeof text === "string" ? text.toUpperCase() : undefined;
  const mode = modes.find((candidate) => candidate === wanted);
  if (mode) return mode;
  throw new RegistryError(
    "mode-invalid",
    "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.",
  );
}
