import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { parseSchema } from "../avro/parse-schema.ts";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { CliFailure } from "./cli-failure.ts";
import type { Declarations, DeclaredSchema, InvalidDeclaration } from "./declared-schema.ts";
import { resolveInput } from "./resolve-path.ts";

/** As the framework gives it to the subjects of events. */
const eventLevel: CompatibilityLevel = "FULL_TRANSITIVE";

/** The module of `tidemark.app` in the nearest package.json, or null. */
export async function findApplication(folder: string = process.cwd()): Promise<string | null> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) {
      const app = applicationField(JSON.parse(await readFile(file, "utf8")));
      if (app !== null) return join(at, app);
    }
    if (dirname(at) === at) return null;
  }
}

function applicationField(manifest: unknown): string | null {
  const app = member(member(manifest, "tidemark"), "app");
  return typeof app === "string" ? app : null;
}

/**
 * The schemas of an application's events, every version of each: what the application registers when it starts.
 *
 * @throws CliFailure when the module is not there, cannot be imported or has no application as its default export
 */
export async function loadApplication(
  path: string,
  level: CompatibilityLevel = eventLevel,
): Promise<Declarations> {
  const file = resolveInput(path);
  const source = relative(process.cwd(), file) || file;
  if (/^\.[cm]?tsx?$/.test(extname(file))) {
    throw new CliFailure(
      `${source} is TypeScript, which Node cannot import: build it and name the JavaScript file`,
    );
  }
  if (!existsSync(file)) {
    throw new CliFailure(
      `The application module ${source} is not there: build the project, or name another with --app`,
    );
  }
  const module: unknown = await import(pathToFileURL(file).href).catch((cause: unknown) => {
    const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new CliFailure(`The application module ${source} cannot be imported: ${reason}`, { cause });
  });
  const events = member(member(module, "default"), "events");
  if (!Array.isArray(events)) {
    throw new CliFailure(
      `The default export of ${source} is no application: export default defineApplication({ .. }), or anything with a list of events`,
    );
  }
  const schemas: DeclaredSchema[] = [];
  const invalid: InvalidDeclaration[] = [];
  for (const { subject, text, name } of events.flatMap((event: unknown) => eventSchemas(event, source))) {
    try {
      schemas.push({ subject, source, text, parsed: parseSchema(text), name, uses: [], level });
    } catch (error) {
      if (!(error instanceof AvroSchemaError)) throw error;
      invalid.push({ source, subject, message: error.message, path: error.path });
    }
  }
  return { schemas, invalid };
}

/** The framework's definitions are functions with these members; the registry does not know the framework. */
function eventSchemas(
  event: unknown,
  source: string,
): readonly { readonly subject: string; readonly text: string; readonly name: string }[] {
  const name = member(event, "recordName");
  const versions = member(event, "versions");
  if (typeof name !== "string" || !Array.isArray(versions)) {
    throw new CliFailure(`An event of ${source} is no event definition: make it with defineEvent`);
  }
  return versions.map((version: unknown) => {
    const subject = member(version, "subject");
    const text = member(version, "schemaText");
    if (typeof subject === "string" && typeof text === "string") return { subject, text, name };
    throw new CliFailure(`A version of the event ${name} of ${source} has no subject and schemaText`);
  });
}

function member(value: unknown, name: string): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function"
    ? Reflect.get(value, name)
    : undefined;
}
