import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { z } from "zod";
import { checkCommand } from "./check-command.ts";
import { exitStatus } from "./cli-failure.ts";
import { diffCommand } from "./diff-command.ts";
import { explainFailure } from "./explain-failure.ts";
import { exportCommand } from "./export-command.ts";
import { importCommand } from "./import-command.ts";
import { listCommand } from "./list-command.ts";
import { pushCommand } from "./push-command.ts";
import { showCommand } from "./show-command.ts";

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

  const program = createProgram(stop.signal);
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = fail(error, stop.signal);
  }
}

function createProgram(signal: AbortSignal): Command {
  const program = new Command("tidemark-schemas")
    .description(
      "Work with a schema registry: Tidemark's, or any that speaks the Confluent Schema Registry API for Avro.",
    )
    .addOption(
      new Option("--registry <url>", "where the registry is")
        .env("SCHEMA_REGISTRY_URL")
        .default("http://127.0.0.1:8081"),
    )
    .addOption(
      new Option(
        "--user <name:password>",
        "basic credentials; better given by the environment, which ps does not show",
      ).env("SCHEMA_REGISTRY_USER"),
    )
    .addOption(new Option("--token <token>", "bearer credential").env("SCHEMA_REGISTRY_TOKEN"))
    .addOption(
      new Option("--timeout <seconds>", "for one request; failed ones are tried again")
        .default(10)
        .argParser((text) => positiveNumber(text)),
    )
    .option("--json", "one JSON document on standard output, for programs")
    .addHelpText(
      "after",
      `
Exit status: 0 done; 1 a schema is, or would be, refused; 2 it could not be done; 130 interrupted.

A day with it:
  tidemark-schemas check                     in CI: would the events of this working tree be let in?
  tidemark-schemas diff ledger.Paid --app dist/app.js
  tidemark-schemas push                      in CI, before the deploy
  tidemark-schemas show ledger.Paid`,
    )
    .version(packageVersion())
    .showHelpAfterError("(add --help for what can be said)")
    .exitOverride();
  const commands = [
    checkCommand(signal),
    pushCommand(signal),
    listCommand(signal),
    showCommand(signal),
    diffCommand(signal),
    exportCommand(signal),
    importCommand(signal),
  ];
  for (const command of commands) {
    program.addCommand(
      command
        .configureHelp({ showGlobalOptions: true })
        .showHelpAfterError("(add --help for what can be said)")
        .allowExcessArguments(false)
        .exitOverride(),
    );
  }
  return program;
}

function packageVersion(): string {
  // The same depth from `src` and `dist`.
  const manifest = new URL("../../package.json", import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, "utf8"))).version;
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new CommanderError(exitStatus.failed, "invalid", `--timeout takes a number of seconds, not ${text}`);
}

function fail(error: unknown, signal: AbortSignal): number {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; --help and --version are no failures.
    if (error.code === "invalid") process.stderr.write(`${error.message}\n`);
    return error.exitCode === 0 ? 0 : exitStatus.failed;
  }
  if (signal.aborted) {
    process.stderr.write("Interrupted.\n");
    return exitStatus.interrupted;
  }
  process.stderr.write(`${explainFailure(error)}\n`);
  return exitStatus.failed;
}

await main();
