import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, type OpenDatabase } from "@tidemark/schema-registry/postgres";
import type { Command } from "commander";
import { createApplication, type Application } from "../application/application.ts";
import { postgresStorage } from "../postgres/postgres-storage.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CliFailure } from "./cli-failure.ts";
import { loadApplication } from "./load-application.ts";
import { createOutput, type Output } from "./output.ts";
import { resolveInput } from "./resolve-path.ts";

/** What every command works with. */
export interface CommandContext {
  /** Started, but it runs no projection and no subscription by itself. */
  readonly application: Application;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The options that stand before or after any command. */
interface SharedOptions {
  readonly app?: string;
  readonly database?: string;
  readonly dataDir: string;
  readonly schema: string;
  readonly json?: true;
}

/** Opens the application, runs the command, and closes what was opened. */
export async function withApplication(
  command: Command,
  signal: AbortSignal,
  run: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const shared = command.optsWithGlobals<SharedOptions>();
  const output = createOutput({ json: shared.json === true });
  const logger = warningsOnly(output);
  const { definition, module } = await loadApplication(shared.app);
  const database = await open(definition.name, shared, logger, signal);
  try {
    await using application = createApplication(definition, {
      storage: postgresStorage({ database: database.connectionString, schema: shared.schema, logger }),
      // Nothing is published here.
      registry: null,
      projections: "off",
      subscriptions: "off",
      rebuildThread: { module },
      logger,
    });
    await application.start();
    await run({ application, output, signal });
  } finally {
    await database.close();
  }
}

/** @throws CliFailure where a new and empty database would be made. */
async function open(
  name: string,
  { database, dataDir }: SharedOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<OpenDatabase> {
  if (database !== undefined && database !== "") {
    if (!/^postgres(ql)?:\/\//.test(database))
      throw new CliFailure("--database takes a connection string: postgresql://user@host/database");
    return openDatabase({ databaseUrl: database, dataDir, name, logger, signal });
  }
  const folder = resolveInput(dataDir);
  if (!existsSync(join(folder, "postgres"))) {
    throw new CliFailure(
      `No database is named, and ${folder} holds no embedded PostgreSQL: ` +
        "give --database or DATABASE_URL, or with --data-dir the data folder of the application",
    );
  }
  return openDatabase({ databaseUrl: null, dataDir: folder, name, logger, signal });
}

/** What a person should know beside the result. */
function warningsOnly(output: Output): Logger {
  const warn = (fields: object, message: string): void => {
    const error: unknown = Reflect.get(fields, "err");
    output.note(`warning: ${message}${error instanceof Error ? `: ${error.message}` : ""}`);
  };
  return { debug() {}, info() {}, warn, error: warn };
}
