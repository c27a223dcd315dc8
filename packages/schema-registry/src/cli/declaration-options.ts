import { Option, type Command } from "commander";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { parseLevel } from "../registry/level-name.ts";
import { CliFailure } from "./cli-failure.ts";
import type { Declarations } from "./declared-schema.ts";
import { findApplication, loadApplication } from "./load-application.ts";
import { loadSchemaFiles } from "./load-schema-files.ts";

/** How the commands that look at this working tree are told where its schemas are. */
export interface DeclarationOptions {
  readonly app?: string;
  readonly subject: string;
  readonly level?: CompatibilityLevel;
}

export function addDeclarationOptions(command: Command): Command {
  return command
    .option(
      "--app <module>",
      "built module whose default export is the application; without files the field tidemark.app of the nearest package.json",
    )
    .option(
      "--subject <template>",
      "subject of a file's schema: {name} is the full name of its type, {file} the file's name; {name}-value is Kafka's way",
      "{name}",
    )
    .addOption(
      new Option(
        "--level <level>",
        "level of subjects that have none of their own: FULL_TRANSITIVE for events unless given, the registry's for files",
      ).argParser((text) => parseLevel(text)),
    );
}

/** @throws CliFailure when there is nothing to look at */
export async function readDeclarations(
  paths: readonly string[],
  { app, subject, level }: DeclarationOptions,
): Promise<Declarations> {
  const application = app ?? (paths.length === 0 ? await findApplication() : null);
  if (application === null && paths.length === 0) {
    throw new CliFailure(
      "There is nothing to look at: name .avsc files or folders, or an application with --app dist/app.js " +
        '(or with "tidemark": { "app": "dist/app.js" } in package.json)',
    );
  }
  const files = await loadSchemaFiles(paths, { subjectTemplate: subject, level: level ?? null });
  const events =
    application === null ? { schemas: [], invalid: [] } : await loadApplication(application, level);
  return {
    schemas: [...events.schemas, ...files.schemas],
    invalid: [...events.invalid, ...files.invalid],
  };
}
