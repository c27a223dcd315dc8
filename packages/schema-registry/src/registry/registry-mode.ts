import { RegistryError } from "../errors.ts";

/** READONLY refuses writes; IMPORT takes ids and versions from the request and skips compatibility. */
export type RegistryMode = "READWRITE" | "READONLY" | "IMPORT";

const modes: readonly RegistryMode[] = ["READWRITE", "READONLY", "IMPORT"];

/** @throws RegistryError `mode-invalid` */
export function parseMode(text: unknown): RegistryMode {
  const wanted = typeof text === "string" ? text.toUpperCase() : undefined;
  const mode = modes.find((candidate) => candidate === wanted);
  if (mode) return mode;
  throw new RegistryError("mode-invalid", `Invalid mode. Valid values are ${modes.join(", ")}.`);
}
