import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { z } from "zod";
import { TidemarkError } from "../errors.ts";
import { exitStatus } from "./cli-failure.ts";
import { deadLettersCommand } from "./commands/dead-letters.ts";
import { logCommand } from "./commands/log.ts";
import { projectionsCommand } from "./commands/projections.ts";
import { subscriptionsCommand } from "./commands/subscriptions.ts";
import { explainFailure, failureFields } from "./explain-failure.ts";
import { jsonText } from "./output.ts";

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(exitStatus.interrupted);
      stop.abort(new Error("interrupted"));
    });
  }
  // The reader of a pipe has seen enough, as with `| head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode);
  });
  try {
    await createProgram(stop.signal).parseAsync();
  } catch (error) {
    process.exitCode = fail(error, stop.signal);
  }
}

function createProgram(signal: AbortSignal): Command {
  const program = new Command("tidemark")
    .description("Operate a Tidemark application: its projections, subscriptions, dead letters and log.")
    .option(
      "--app <module>",
      "built module whose default export is the application; else the field tidemark.app of the nearest package.json",
    )
    .addOption(new Option("--database <url>", "PostgreSQL of the application").env("DATABASE_URL"))
    .addOption(
      new Option("--data-dir <folder>", "without a database: folder of the embedded PostgreSQL")
        .env("TIDEMARK_DATA_DIR")
        .default(".tidemark"),
    )
    .addOption(
      new Option(
        "--event-store <address>",
        "where the events are, unless in that PostgreSQL: kurrentdb://..",
      ).env("EVENT_STORE"),
    )
    .option("--namespace <name>", "of the streams in that KurrentDB")
    .option("--schema <name>", "database schema of the framework's tables", "tidemark")
    .option("--other-log", "although the read models were made from another log than the one at hand")
    .option("--json", "one JSON document on standard output, for programs; one with the error on the other")
    .addHelpText(
      "after",
      `
Exit status: 0 done; 1 done, and the answer is no (rows differ, a sequence fails again, a build waits);
2 it could not be done; 130 interrupted.

A day with it:
  tidemark projections plan                  before a deploy: what would the start do?
  tidemark projections status
  tidemark projections rebuild balances --rate 5000
  tidemark dead-letters list
  tidemark dead-letters retry balances key:42`,
    )
    .version(packageVersion())
    .exitOverride();
  for (const group of [
    projectionsCommand(signal),
    deadLettersCommand(signal),
    subscriptionsCommand(signal),
    logCommand(signal),
  ]) {
    program.addCommand(polite(group));
    for (const command of group.commands) polite(command);
  }
  return polite(program);
}

function polite(command: Command): Command {
  return command
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for what can be said)")
    .allowExcessArguments(false)
    .exitOverride();
}

function packageVersion(): string {
  // The same depth from `src` and `dist`.
  const manifest = new URL("../../package.json", import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, "utf8"))).version;
}

function fail(error: unknown, signal: AbortSignal): number {
  // Commander has said what is wrong; --help and --version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitStatus.failed;
  if (signal.aborted) {
    process.stderr.write("Interrupted.\n");
    return exitStatus.interrupted;
  }
  const message = explainFailure(error);
  process.stderr.write(`${asksForJson() ? jsonText({ error: failureFields(error, message) }) : message}\n`);
  return error instanceof TidemarkError && error.code === "build-has-parked"
    ? exitStatus.negative
    : exitStatus.failed;
}

/** For an error, the options may not have been parsed. */
function asksForJson(): boolean {
  return process.argv.slice(2).includes("--json");
}

await main();
