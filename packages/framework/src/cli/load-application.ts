import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { ApplicationDefinition } from "../application/define-application.ts";
import { CliFailure } from "./cli-failure.ts";
import { loadModule } from "./load-module.ts";

const manifest = z.object({ tidemark: z.object({ app: z.string() }) });

/**
 * The application of a built module, or of the field `tidemark.app` of the nearest package.json.
 *
 * @throws CliFailure saying what is missing.
 */
export async function loadApplication(
  path: string | undefined,
): Promise<{ readonly definition: ApplicationDefinition; readonly module: URL }> {
  const file = path ?? (await findApplication(process.env["INIT_CWD"] ?? process.cwd()));
  if (file === null) {
    throw new CliFailure(
      'No application is named: give --app dist/app.js, or write "tidemark": { "app": "dist/app.js" } into package.json',
    );
  }
  const { exported, source, url } = await loadModule(file, "application module");
  if (isApplication(exported)) return { definition: exported, module: url };
  throw new CliFailure(
    `The default export of ${source} is no application: export default defineApplication({ .. })`,
  );
}

async function findApplication(folder: string): Promise<string | null> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) {
      const parsed = manifest.safeParse(JSON.parse(await readFile(file, "utf8")));
      if (parsed.success) return join(at, parsed.data.tidemark.app);
    }
    if (dirname(at) === at) return null;
  }
}

/** Whatever `defineApplication` has checked has these. */
function isApplication(value: unknown): value is ApplicationDefinition {
  const lists = ["aggregates", "projections", "subscriptions", "events"];
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "name") === "string" &&
    lists.every((list) => Array.isArray(Reflect.get(value, list)))
  );
}
