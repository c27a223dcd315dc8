import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PostgresError } from "./postgres-error.ts";

export interface MigrationFile {
  version: number;
  name: string;
  text: string;
  /** Hex sha256 of the text with line feeds as line ends, so that a checkout under Windows has the same one. */
  checksum: string;
}

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** Reads the `NNNN_name.sql` files of a folder in order of their numbers, which start at 1 and leave no gap. */
export async function readMigrationFiles(directory: URL): Promise<MigrationFile[]> {
  const folder = fileURLToPath(directory);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  const files: MigrationFile[] = [];
  for (const file of names) {
    const [, digits, name] = fileName.exec(file) ?? [];
    if (digits === undefined || name === undefined) {
      throw invalid(`${file} in ${folder} is no migration: name it NNNN_lower_case.sql`);
    }
    const version = Number(digits);
    if (version !== files.length + 1) {
      const expected = String(files.length + 1).padStart(4, "0");
      throw invalid(`${file} in ${folder} is out of order: the next migration's number is ${expected}`);
    }
    const text = (await readFile(new URL(file, asFolder(directory)), "utf8")).replaceAll("\r\n", "\n");
    files.push({ version, name, text, checksum: createHash("sha256").update(text).digest("hex") });
  }
  return files;
}

function asFolder(directory: URL): URL {
  return directory.href.endsWith("/") ? directory : new URL(`${directory.href}/`);
}

/**
 * Replaces each `__NAME__` by its value. A name without a value is refused: it would reach the server as part of
 * an identifier.
 */
export function fillPlaceholders(file: MigrationFile, values: Readonly<Record<string, string>>): string {
  return file.text.replaceAll(/__([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)__/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) {
      throw invalid(
        `migration ${file.version} (${file.name}) uses ${placeholder}, which has no value: pass it in placeholders`,
      );
    }
    return value;
  });
}

function invalid(message: string): PostgresError {
  return new PostgresError("PG_MIGRATION_INVALID", message);
}
