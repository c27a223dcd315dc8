import { chmod, stat } from "node:fs/promises";
import { PostgresError } from "../postgres-error.ts";
import { findBinaries, type PostgresBinaries } from "./binaries.ts";
import { initializeData, readDataVersion, type DataFolder } from "./data-folder.ts";
import { chooseRunAs, runCommand, type RunAs } from "./run-as.ts";
import { findRunningServer } from "./running-server.ts";
import { startServer, type StartServerOptions } from "./start-server.ts";

export type EnsureServerOptions = Omit<StartServerOptions, "binaries" | "runAs"> & { password: string };

/**
 * Adopts the server that runs on the folder, or makes the data folder and starts one. Call it under the folder's
 * lock.
 *
 * @returns the server's port.
 */
export async function ensureServer(options: EnsureServerOptions): Promise<number> {
  const { folder, password, logger, signal } = options;
  const running = await findRunningServer(folder, password, signal);
  if (typeof running === "number") {
    if (options.port !== undefined && options.port !== running) {
      logger?.warn({ port: running, asked: options.port }, "PostgreSQL runs already, on another port");
    }
    return running;
  }
  if (running === "died") logger?.warn({ folder: folder.root }, "PostgreSQL was not shut down; it recovers");
  const binaries = findBinaries();
  if (process.getuid?.() === 0) await letOthersPass(folder.root);
  const runAs = await chooseRunAs(binaries, folder.root, folder.data);
  const version = await readDataVersion(folder);
  if (version === undefined) {
    logger?.info({ folder: folder.data }, "Making a PostgreSQL data folder");
    await initializeData({ ...options, binaries, runAs });
  } else {
    await checkVersion(binaries, runAs, folder, version);
  }
  return startServer({ ...options, binaries, runAs });
}

/** The server runs as another user than root: it must reach its data through this folder, not list it. */
async function letOthersPass(root: string): Promise<void> {
  const { mode } = await stat(root);
  if ((mode & 0o011) !== 0o011) await chmod(root, (mode & 0o777) | 0o011);
}

async function checkVersion(
  binaries: PostgresBinaries,
  runAs: RunAs,
  folder: DataFolder,
  version: string,
): Promise<void> {
  const { output } = await runCommand(runAs, binaries.postgres, ["--version"]);
  const installed = /\(PostgreSQL\) (\d+)/.exec(output)?.[1];
  if (installed === version) return;
  throw new PostgresError(
    "PG_DATA_VERSION_MISMATCH",
    `${folder.root} was written by PostgreSQL ${version}, the installed one is ${installed ?? output}: ` +
      "start with another data folder, or install the version of this package that wrote it, export there and import here",
  );
}
