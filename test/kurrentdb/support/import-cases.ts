import { readdir } from "node:fs/promises";
import type { ClientLibraryName } from "./client-library.ts";

/** Registers all cases of the spec with one client library. */
export async function importCases(library: ClientLibraryName): Promise<void> {
  process.env["KURRENTDB_CLIENT"] = library;
  const folder = new URL("../cases/", import.meta.url);
  for (const file of (await readdir(folder)).toSorted()) await import(new URL(file, folder).href);
}
