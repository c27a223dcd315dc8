import { Command } from "commander";
import { pino } from "pino";
import { explainFailure } from "../fastify/explain-failure.ts";
import { EnvironmentError } from "../fastify/read-environment.ts";
import { PostgresError } from "../postgres/postgres-error.ts";
import { credentialCommand } from "./credential-command.ts";
import { CredentialsFileError } from "./credentials-file.ts";
import { serve } from "./serve.ts";
import { readServiceConfig } from "./service-config.ts";

/** Exit statuses: 1 for what could not be done, 130 after a second Ctrl-C, as shells expect. */
const failed = 1;
const interrupted = 130;

/** How long an orderly end may take before the process ends anyway; in milliseconds. */
const graceMs = 10_000;

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => requestStop(stop));

  const program = new Command("registry")
    .description("An Avro schema registry with the Confluent REST API, on PostgreSQL")
    .showHelpAfterError("(add --help for what can be said)");
  program
    .command("start", { isDefault: true })
    .description("run it until Ctrl-C; REGISTRY_PORT, DATABASE_URL and others configure it")
    .allowExcessArguments(false)
    .action(async () => {
      const config = readServiceConfig(process.env);
      // Standard output stays what a person reads.
      const logger = pino({ level: config.logLevel, base: null }, pino.destination(2));
      await serve(config, { logger, signal: stop.signal });
    });
  program.addCommand(credentialCommand(credentialsFile));

  try {
    await program.parseAsync();
  } catch (error) {
    if (stop.signal.aborted) {
      process.exitCode = interrupted;
      return;
    }
    process.stderr.write(`${explainFailure(error, [CredentialsFileError, PostgresError])}\n`);
    process.exitCode = failed;
  }
}

function credentialsFile(): string {
  const { credentialsFile: file } = readServiceConfig({ ...process.env, REGISTRY_HOST: "" });
  if (file !== null) return file;
  throw new EnvironmentError("Say which file holds the credentials: REGISTRY_CREDENTIALS_FILE=<file>.");
}

/** The second Ctrl-C, or an end that takes too long, does not wait any more; what was acknowledged is stored. */
function requestStop(stop: AbortController): void {
  if (stop.signal.aborted) process.exit(interrupted);
  stop.abort();
  setTimeout(() => {
    process.stderr.write("The registry did not stop in time and ends now; nothing acknowledged is lost.\n");
    process.exit(failed);
  }, graceMs).unref();
}

await main();
