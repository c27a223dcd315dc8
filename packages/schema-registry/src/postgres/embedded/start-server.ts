import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../logger.ts";
import { PostgresError } from "../postgres-error.ts";
import type { PostgresBinaries } from "./binaries.ts";
import type { DataFolder } from "./data-folder.ts";
import { freePort, listenOnce } from "./free-port.ts";
import { giveTo, runCommand, type RunAs } from "./run-as.ts";
import { settingsText, type ServerSettings } from "./server-settings.ts";
import { stopServer } from "./stop-server.ts";

export interface StartServerOptions {
  folder: DataFolder;
  binaries: PostgresBinaries;
  runAs: RunAs;
  port: number | undefined;
  durable: boolean;
  settings: ServerSettings;
  logger: Logger | undefined;
  signal: AbortSignal | undefined;
}

const startTimeoutSeconds = 300;
const logLimitBytes = 10 * 1024 * 1024;
const attempts = 5;

/**
 * Starts the server with pg_ctl, which makes it a session of its own, and waits until it answers.
 *
 * @returns its port: the given one, else the one of its last run, else a free one.
 */
export async function startServer(options: StartServerOptions): Promise<number> {
  const { folder, runAs } = options;
  await writeFile(folder.settings, settingsText(options.durable, options.settings), { mode: 0o600 });
  await giveTo(runAs, folder.settings);
  const logStart = await prepareLog(folder, runAs);
  let preferred = await lastPort(folder);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(preferred));
    if (options.port !== undefined && (await listenOnce(port)) === undefined) throw portInUse(port);
    options.logger?.debug({ port, folder: folder.data }, "Starting PostgreSQL");
    const output = await runPgCtl(options, port);
    if (output === undefined) return port;
    const log = (await readFile(folder.log, "utf8")).slice(logStart);
    if (!log.includes("Address already in use")) {
      const reason = reasonIn(log) || output;
      throw new PostgresError(
        "PG_START_FAILED",
        `PostgreSQL did not start in ${folder.data}: ${reason} (see ${folder.log})`,
      );
    }
    // Between the check and the start another program took the port.
    if (options.port !== undefined || attempt === attempts) throw portInUse(port);
    preferred = undefined;
  }
}

/** Undefined on success, else what pg_ctl printed. */
async function runPgCtl(options: StartServerOptions, port: number): Promise<string | undefined> {
  const { folder, binaries, runAs, signal } = options;
  const parameters = ["start", "--wait", "--timeout", String(startTimeoutSeconds), "--pgdata", folder.data];
  parameters.push("--log", folder.log, "--options", `-p ${port}`);
  // A signal must end the server that pg_ctl launches, and that may take a moment to register itself.
  let starting = true;
  const stopWhileStarting = async () => {
    while (starting) {
      await stopServer(folder);
      await delay(20);
    }
  };
  // What fails here fails again below, where it is reported.
  const onAbort = () => void stopWhileStarting().catch(() => undefined);
  signal?.addEventListener("abort", onAbort);
  try {
    const { exitCode, output } = await runCommand(runAs, binaries.pgCtl, parameters);
    if (signal?.aborted === true) await stopServer(folder);
    signal?.throwIfAborted();
    return exitCode === 0 ? undefined : output;
  } finally {
    starting = false;
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The last lines of a failed start without their time and process id. */
function reasonIn(log: string): string {
  const lines = log.trim().split("\n").slice(-3);
  return lines.map((line) => line.replace(/^\S+ \S+ \S+ \[\d+\] /, "").trim()).join("; ");
}

/** Makes the log writable for the server and returns its length: what follows is of this start. */
async function prepareLog(folder: DataFolder, runAs: RunAs): Promise<number> {
  const present = await stat(folder.log).catch(() => undefined);
  if (present !== undefined && present.size > logLimitBytes) await rename(folder.log, `${folder.log}.1`);
  const file = await open(folder.log, "a", 0o600);
  const { size } = await file.stat();
  await file.close();
  await giveTo(runAs, folder.log);
  return size;
}

async function lastPort(folder: DataFolder): Promise<number | undefined> {
  const text = await readFile(join(folder.data, "postmaster.opts"), "utf8").catch(() => "");
  const port = /"-p" "(\d+)"/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}

function portInUse(port: number): PostgresError {
  return new PostgresError(
    "PG_PORT_IN_USE",
    `port ${port}, which the embedded PostgreSQL should listen on, is in use: end the program that holds it or choose another port`,
  );
}
