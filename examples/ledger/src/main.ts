import { TidemarkError } from "@tidemark/framework";
import { explainFailure } from "@tidemark/schema-registry/fastify";
import { PostgresError } from "@tidemark/schema-registry/postgres";
import { Argument, Command, Option } from "commander";
import ledger from "./app.ts";
import { readConfig } from "./config.ts";
import { SourceFileError } from "./import/source-file.ts";
import { importFile } from "./run/import-file.ts";
import { rebuildProjection } from "./run/rebuild-projection.ts";
import { serve } from "./run/serve.ts";

/** Exit statuses: 1 for what could not be done, 130 after Ctrl-C, as shells expect. */
const failed = 1;
const interrupted = 130;

/** Their messages say what to do. */
const expected = [TidemarkError, PostgresError, SourceFileError];

/** After Ctrl-C, how long an orderly end may take before the process ends anyway; in milliseconds. */
const graceMs = 4_500;

/** Within this many milliseconds a second signal is the same Ctrl-C: the terminal sends it, and npm may pass it on. */
const echoMs = 500;

async function main(): Promise<void> {
  const stop = new AbortController();
  const requestStop = stopOn(stop);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, requestStop);
  // Nobody reads any more, as behind `| head`: a reason to end in order, not to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", requestStop);

  const program = new Command("ledger")
    .description("A double-entry ledger on Tidemark")
    .showHelpAfterError("(add --help for what can be said)")
    .configureHelp({ showGlobalOptions: true });
  program
    .command("start", { isDefault: true })
    .description("run the ledger, its schema registry and, without DATABASE_URL, its PostgreSQL")
    .allowExcessArguments(false)
    .action(async () => serve(readConfig(process.env), stop.signal));
  program
    .command("import")
    .description("import a bank CSV or a plain-text journal; the same file twice changes nothing")
    .argument("<file>", "relative to where you stand")
    .addOption(
      new Option("--format <format>", "instead of telling it by content").choices(["bank-csv", "journal"]),
    )
    .option("--json", "progress and result as JSON lines", false)
    .action(async (file: string, { format, json }: { format?: "bank-csv" | "journal"; json: boolean }) => {
      process.exitCode = await importFile(readConfig(process.env), {
        file,
        format,
        json,
        signal: stop.signal,
      });
    });
  program
    .command("rebuild")
    .description("rebuild a read model from position zero, beside the one that serves")
    .addArgument(new Argument("<projection>", "its name").choices(ledger.projections.map(({ name }) => name)))
    .option("--json", "progress and result as JSON lines", false)
    .action(async (projection: string, { json }: { json: boolean }) => {
      process.exitCode = await rebuildProjection(readConfig(process.env), {
        projection,
        json,
        signal: stop.signal,
      });
    });

  try {
    await program.parseAsync();
  } catch (error) {
    const stopped = error === stop.signal.reason;
    if (!stopped) process.stderr.write(`${explainFailure(error, expected)}\n`);
    process.exitCode = stopped ? interrupted : failed;
  }
}

/** A second Ctrl-C, or an end that takes too long, does not wait any more; what was acknowledged is stored. */
function stopOn(stop: AbortController): () => void {
  let asked = 0;
  return () => {
    if (stop.signal.aborted) {
      if (performance.now() - asked > echoMs) process.exit(interrupted);
      return;
    }
    asked = performance.now();
    stop.abort();
    setTimeout(() => {
      process.stderr.write("The ledger did not stop in time and ends now; nothing acknowledged is lost.\n");
      process.exit(failed);
    }, graceMs).unref();
  };
}

await main();
