import type { Command } from "commander";
import { createApplication, type Application } from "../application/application.ts";
import type { ApplicationDefinition } from "../application/define-application.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CliFailure } from "./cli-failure.ts";
import { loadApplication } from "./load-application.ts";
import {
  createStorage,
  openKurrentDb,
  openPostgres,
  refuseUnmigrated,
  type StorageOptions,
} from "./open-storage.ts";
import { createOutput, type Output } from "./output.ts";

/** What every command works with. */
export interface CommandContext {
  /** Started, but it runs no projection and no subscription by itself. */
  readonly application: Application;
  readonly definition: ApplicationDefinition;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The options that stand before or after any command. */
interface SharedOptions extends StorageOptions {
  readonly app?: string;
  readonly json?: true;
  readonly otherLog?: true;
}

/**
 * Opens the application, runs the command, and closes what was opened.
 *
 * @param options `migrate`: whether tables are made where there are none
 */
export async function withApplication(
  command: Command,
  signal: AbortSignal,
  run: (context: CommandContext) => Promise<void>,
  { migrate = false }: { readonly migrate?: boolean } = {},
): Promise<void> {
  const shared = command.optsWithGlobals<SharedOptions>();
  const output = createOutput({ json: shared.json === true });
  const logger = warningsOnly(output);
  const { definition, module } = await loadApplication(shared.app);
  await using kurrentDb = await openKurrentDb(shared);
  const name = kurrentDb === null ? definition.name : `${definition.name}_on_kurrentdb`;
  await using database = await openPostgres(shared, { name, logger, signal });
  if (!migrate) await refuseUnmigrated(database, shared);
  await using application = createApplication(definition, {
    storage: createStorage(shared, { kurrentDb, database, migrate, logger }),
    // Nothing is published here.
    registry: null,
    projections: "off",
    subscriptions: "off",
    rebuildThread: { module },
    logger,
  });
  await application.start();
  if (shared.otherLog !== true) await refuseOtherLog(application, database.description);
  await run({ application, definition, output, signal });
}

/** What reads an empty log beside read models that are full of another one would report success of everything. */
async function refuseOtherLog(
  { projections, eventStore, definition }: Application,
  where: string,
): Promise<void> {
  if (definition.projections.length === 0) return;
  const builds = (await projections.status()).flatMap((status) => status.builds);
  const made = builds.filter(({ storeId }) => storeId !== null);
  if (made.length === 0 || made.some(({ ofAnotherLog }) => !ofAnotherLog)) return;
  throw new CliFailure(
    `The read models in ${where} are of the event store ${made[0]?.storeId}, and the one at hand is ${eventStore.storeId}: ` +
      "name the right one with --event-store or --database, or say --other-log if the log was replaced on purpose",
  );
}

/** What a person should know beside the result. */
function warningsOnly(output: Output): Logger {
  const warn = (fields: object, message: string): void => {
    const error: unknown = Reflect.get(fields, "err");
    output.note(`warning: ${message}${error instanceof Error ? `: ${error.message}` : ""}`);
  };
  return { debug() {}, info() {}, warn, error: warn };
}
