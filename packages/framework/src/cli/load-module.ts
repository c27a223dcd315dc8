import { existsSync } from "node:fs";
import { extname, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { TidemarkError } from "../errors.ts";
import { CliFailure } from "./cli-failure.ts";
import { resolveInput } from "./resolve-path.ts";

/**
 * The default export of a module that someone named.
 *
 * @throws CliFailure when it is not there or cannot be imported.
 */
export async function loadModule(
  path: string,
  what: string,
): Promise<{ readonly exported: unknown; readonly source: string; readonly url: URL }> {
  const file = resolveInput(path);
  const source = relative(process.cwd(), file) || file;
  if (/^\.[cm]?tsx?$/.test(extname(file))) {
    throw new CliFailure(
      `${source} is TypeScript, which Node cannot import: build it and name the JavaScript file`,
    );
  }
  if (!existsSync(file)) {
    throw new CliFailure(`The ${what} ${source} is not there: build the project, or name another file`);
  }
  const url = pathToFileURL(file);
  const module: unknown = await import(url.href).catch((cause: unknown) => {
    throw new CliFailure(`The ${what} ${source} cannot be imported: ${reasonOf(cause)}`, { cause });
  });
  return { exported: Reflect.get(Object(module), "default"), source, url };
}

/** A definition that contradicts itself says so in a sentence; where any other error is, its stack says. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof TidemarkError ? cause.message : (cause.stack ?? cause.message);
}
