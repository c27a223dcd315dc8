import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PostgresError } from "../postgres-error.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { giveTo, runCommand, type CommandResult, type RunAs } from "./run-as.ts";

/** Where the embedded server keeps its things inside the folder that the user named. */
export interface DataFolder {
  root: string;
  /** PostgreSQL's own folder. */
  data: string;
  password: string;
  log: string;
  settings: string;
}

export const superuser = "postgres";
const draftPrefix = "data.draft-";

export function dataFolderAt(root: string): DataFolder {
  const data = join(root, "data");
  return {
    root,
    data,
    password: join(root, "password"),
    log: join(root, "server.log"),
    settings: join(data, "tidemark.conf"),
  };
}

/** The password of the superuser; made on the first call, readable by this process's user alone. */
export async function readPassword(folder: DataFolder): Promise<string> {
  try {
    const password = await readFile(folder.password, "utf8");
    if (password !== "") return password;
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOENT")) {
      throw new PostgresError(
        "PG_FOLDER_NOT_ACCESSIBLE",
        `${folder.password} cannot be read: run this as the user that made the folder, or choose another data folder`,
        { cause },
      );
    }
  }
  const password = randomBytes(24).toString("hex");
  const draft = `${folder.password}.draft`;
  await writeFile(draft, password, { mode: 0o600, flush: true });
  await rename(draft, folder.password);
  return password;
}

/** The major version that wrote the data, such as "18"; undefined when there is no data yet. */
export async function readDataVersion(folder: DataFolder): Promise<string | undefined> {
  const text = await readFile(join(folder.data, "PG_VERSION"), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new PostgresError(
      "PG_FOLDER_NOT_ACCESSIBLE",
      `${folder.data} cannot be read: run this as the user that made the folder, or choose another data folder`,
      { cause: error },
    );
  });
  return text?.trim();
}

/**
 * Makes the data folder. It is built under another name and then renamed, so that a start that is killed on the
 * way leaves no half-made folder; what such starts left behind is removed.
 */
export async function initializeData(options: {
  folder: DataFolder;
  binaries: PostgresBinaries;
  runAs: RunAs;
  password: string;
  durable: boolean;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const { folder, binaries, runAs, signal } = options;
  for (const name of await readdir(folder.root)) {
    if (name.startsWith(draftPrefix)) await rm(join(folder.root, name), { recursive: true, force: true });
  }
  const draft = join(folder.root, `${draftPrefix}${process.pid}`);
  const passwordFile = `${draft}.password`;
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  try {
    await giveTo(runAs, draft);
    await giveTo(runAs, passwordFile);
    const parameters = [
      `--pgdata=${draft}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The same order and case rules on every platform, whatever its C library says.
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      ...(options.durable ? [] : ["--no-sync"]),
    ];
    let result = await runCommand(runAs, binaries.initdb, parameters, signal);
    if (isUserUnknown(result)) {
      // Containers run as numbers without a name. In a namespace the number is nobody's, who has one.
      const named = { ...runAs, inNamespace: true };
      result = await runCommand(named, binaries.initdb, parameters, signal).catch(() => result);
    }
    if (result.exitCode !== 0) throw initializationFailed(folder, result);
    await appendFile(join(draft, "postgresql.conf"), "\ninclude_if_exists = 'tidemark.conf'\n");
    await rename(draft, folder.data);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function isUserUnknown(result: CommandResult): boolean {
  return result.exitCode !== 0 && result.output.includes("could not look up effective user ID");
}

function initializationFailed(folder: DataFolder, result: CommandResult): PostgresError {
  const remedy = isUserUnknown(result)
    ? "; run this as a user that has a name (an entry in /etc/passwd), or set DATABASE_URL"
    : "";
  const message = `initdb could not make ${folder.data}: ${lastLine(result.output)}${remedy}`;
  return new PostgresError("PG_START_FAILED", message);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
