import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A module of this package for a worker thread, which Node loads by itself: beside the caller, or where the build has
 * put it when the caller runs from the sources (tests do), which Node 20 cannot import.
 */
export function builtModule(path: string, from: string): URL {
  const beside = new URL(path, from);
  return existsSync(fileURLToPath(beside)) ? beside : new URL(beside.href.replace("/src/", "/dist/"));
}
