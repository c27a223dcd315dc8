import { spawn } from "node:child_process";
import { chown, lchown, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PostgresError } from "../postgres-error.ts";
import type { PostgresBinaries } from "./binaries.ts";

/** PostgreSQL refuses to run as root, so root runs it as nobody: the number needs no entry in /etc/passwd. */
const nobody = { uid: 65534, gid: 65534 };

/** How PostgreSQL's programs run. */
export interface RunAs {
  /** Another user than this process's, which only root can choose. */
  user?: { uid: number; gid: number };
  /**
   * In a user namespace in which that user is called nobody. So root can run them in a folder that nobody cannot
   * enter, such as a clone in root's home; the files stay root's.
   */
  inNamespace: boolean;
}

export interface CommandResult {
  exitCode: number | null;
  output: string;
}

/**
 * Runs a program as that user, in a session of its own so that Ctrl-C in the terminal does not reach it, and with a
 * clean environment so that no PGDATA or PGPORT of the caller does.
 */
export function runCommand(
  runAs: RunAs,
  file: string,
  parameters: string[],
  signal?: AbortSignal,
): Promise<CommandResult> {
  const asNobody = ["--user", "--map-user=65534", "--map-group=65534", "--", file, ...parameters];
  const [command, args] = runAs.inNamespace ? ["unshare", asNobody] : [file, parameters];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: process.platform === "win32" ? process.cwd() : "/",
      detached: true,
      windowsHide: true,
      env: { PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"], LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "pipe"],
      ...runAs.user,
      ...(signal === undefined ? {} : { signal }),
    });
    let output = "";
    const collect = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => reject(signal?.aborted === true ? signal.reason : error));
    // A server that pg_ctl leaves behind could hold the pipes open, so the end of the program counts, not theirs.
    child.on("exit", (exitCode) => setImmediate(() => resolve({ exitCode, output: output.trim() })));
  });
}

/**
 * Chooses the user for a data folder and makes it the folder's owner where root may. `dataFolder` need not exist,
 * the folder it lies in must.
 *
 * @throws PostgresError PG_FOLDER_NOT_ACCESSIBLE
 */
export async function chooseRunAs(
  binaries: PostgresBinaries,
  parentFolder: string,
  dataFolder: string,
): Promise<RunAs> {
  const ownUid = process.getuid?.();
  if (ownUid === undefined) return { inNamespace: false };
  const owner = await stat(dataFolder).catch(() => undefined);
  if (ownUid !== 0) {
    if (owner === undefined || owner.uid === ownUid) return { inNamespace: false };
    throw notAccessible(
      `${dataFolder} belongs to user ${owner.uid}, this process runs as user ${ownUid}: ` +
        `run it as user ${owner.uid}, give the folder away with chown -R ${ownUid}, or choose another data folder`,
    );
  }
  // A data folder that a plain user made stays that user's, or the next start without sudo would fail.
  const isOthers = owner !== undefined && owner.uid !== 0 && owner.uid !== nobody.uid;
  const user = isOthers ? { uid: owner.uid, gid: owner.gid } : nobody;
  const other: RunAs = { user, inNamespace: false };
  if (await canUse(other, binaries, parentFolder)) {
    if (owner !== undefined && owner.uid !== user.uid) await chownTree(dataFolder, user);
    return other;
  }
  const namespace: RunAs = { inNamespace: true };
  if (!isOthers && (await canUse(namespace, binaries, parentFolder))) {
    if (owner !== undefined && owner.uid !== 0) await chownTree(dataFolder, { uid: 0, gid: 0 });
    return namespace;
  }
  throw notAccessible(
    `PostgreSQL does not run as root, and user ${user.uid} cannot enter ${parentFolder} or ${binaries.folder}: ` +
      "run this as a plain user, move the project out of the private folder, or set DATABASE_URL",
  );
}

/** Gives a file that this process made to the user that will run PostgreSQL. */
export async function giveTo(runAs: RunAs, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = runAs.user ?? { uid: 0, gid: 0 };
  await chown(path, uid, gid);
}

async function canUse(runAs: RunAs, binaries: PostgresBinaries, folder: string): Promise<boolean> {
  // Only a try tells: besides mode bits there are access lists, mount options and forbidden namespaces.
  const enters = runCommand(runAs, "/bin/sh", ["-c", 'cd "$0"', folder]);
  const starts = runCommand(runAs, binaries.postgres, ["--version"]);
  const results = await Promise.allSettled([enters, starts]);
  return results.every((result) => result.status === "fulfilled" && result.value.exitCode === 0);
}

async function chownTree(path: string, to: { uid: number; gid: number }): Promise<void> {
  await lchown(path, to.uid, to.gid);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await chownTree(child, to);
    else await lchown(child, to.uid, to.gid);
  }
}

function notAccessible(message: string): PostgresError {
  return new PostgresError("PG_FOLDER_NOT_ACCESSIBLE", message);
}
