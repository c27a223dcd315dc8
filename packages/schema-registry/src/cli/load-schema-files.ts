import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { parseSchema } from "../avro/parse-schema.ts";
import { branchName } from "../avro/union-branches.ts";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { CliFailure } from "./cli-failure.ts";
import type { Declarations, DeclaredSchema, InvalidDeclaration } from "./declared-schema.ts";
import { resolveInput } from "./resolve-path.ts";
import { scanNames, type ScannedNames } from "./scan-names.ts";

interface SchemaFile extends ScannedNames {
  readonly source: string;
  readonly text: string;
}

/**
 * The schemas of `.avsc` files, and of all such files below folders. A file may use types that other files define.
 *
 * @throws CliFailure when a file is not there or two files define one name
 */
export async function loadSchemaFiles(
  paths: readonly string[],
  options: {
    /** `{name}` stands for the full name of the type, `{file}` for the file's name without `.avsc`. */
    readonly subjectTemplate: string;
    readonly level: CompatibilityLevel | null;
  },
): Promise<Declarations> {
  const files = [];
  for (const path of await findFiles(paths)) files.push(await readSchemaFile(path));
  const definers = definersOf(files);
  const schemas = new Map<SchemaFile, DeclaredSchema>();
  const invalid: InvalidDeclaration[] = [];
  const loading = new Set<SchemaFile>();

  /** Undefined when the file, or one that it needs, holds no schema. */
  function load(file: SchemaFile): DeclaredSchema | undefined {
    const known = schemas.get(file);
    if (known || loading.has(file)) return known;
    loading.add(file);
    const needed = new Set(
      [...file.used].map((name) => definers.get(name)).filter((other) => other !== undefined),
    );
    needed.delete(file);
    const uses = [...needed].map(load).filter((other) => other !== undefined);
    try {
      const parsed = parseSchema(file.text, { references: uses.map((other) => other.parsed) });
      const name = branchName(parsed.root);
      const subject = options.subjectTemplate
        .replaceAll("{name}", name)
        .replaceAll("{file}", basename(file.source, ".avsc"));
      const declared = {
        subject,
        source: file.source,
        text: file.text,
        parsed,
        name,
        uses,
        level: options.level,
      };
      schemas.set(file, declared);
      return declared;
    } catch (error) {
      if (!(error instanceof AvroSchemaError)) throw error;
      invalid.push({ source: file.source, subject: "", message: error.message, path: error.path });
      return undefined;
    }
  }

  for (const file of files) load(file);
  return { schemas: [...schemas.values()], invalid };
}

async function findFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const resolved = resolveInput(path);
    const kind = await stat(resolved).catch(() => null);
    if (kind === null) throw new CliFailure(`There is no file or folder ${path}`);
    if (!kind.isDirectory()) {
      found.add(resolved);
      continue;
    }
    const names = (await readdir(resolved, { recursive: true })).filter(
      (name) => name.endsWith(".avsc") && !name.includes("node_modules"),
    );
    if (names.length === 0) throw new CliFailure(`There is no .avsc file below ${path}`);
    for (const name of names.toSorted()) found.add(join(resolved, name));
  }
  return [...found];
}

async function readSchemaFile(path: string): Promise<SchemaFile> {
  const source = relative(process.cwd(), path) || path;
  const text = await readFile(path, "utf8");
  try {
    return { source, text, ...scanNames(JSON.parse(text)) };
  } catch {
    // The parser says what is wrong with it.
    return { source, text, defined: new Set(), used: new Set() };
  }
}

function definersOf(files: readonly SchemaFile[]): ReadonlyMap<string, SchemaFile> {
  const definers = new Map<string, SchemaFile>();
  for (const file of files) {
    for (const name of file.defined) {
      const other = definers.get(name);
      if (other) {
        throw new CliFailure(
          `${other.source} and ${file.source} both define ${name}: keep one definition, the other file may use its name`,
        );
      }
      definers.set(name, file);
    }
  }
  return definers;
}
