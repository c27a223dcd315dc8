import { chmod, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const prefix = "tidemark-test-";

/** Makes the temporary folder of this run; it says which process it belongs to. */
export async function makeRunFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), prefix));
  // PostgreSQL runs as another user than root, who must get in.
  await chmod(folder, 0o755);
  await writeFile(join(folder, "pid"), String(process.pid));
  return folder;
}

/** Ends the servers of a run's folder at once, whatever they do, and deletes it. */
export async function removeRunFolder(folder: string): Promise<void> {
  for (const path of await readdir(folder, { recursive: true })) {
    if (path.endsWith("postmaster.pid")) await endServer(join(folder, path));
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what runs that were killed left behind. */
export async function removeStaleRunFolders(): Promise<void> {
  const temporary = await realpath(tmpdir());
  for (const name of await readdir(temporary)) {
    const folder = join(temporary, name);
    if (name.startsWith(prefix) && !(await isInUse(folder))) {
      // Another user's folder cannot be removed, and need not be.
      await removeRunFolder(folder).catch(() => undefined);
    }
  }
}

async function isInUse(folder: string): Promise<boolean> {
  const pid = Number(await readFile(join(folder, "pid"), "utf8").catch(() => 0));
  if (pid > 0) return isRunning(pid, "node");
  // It is about to write its process id.
  const { birthtimeMs } = await stat(folder);
  return Date.now() - birthtimeMs < 60_000;
}

async function endServer(pidFile: string): Promise<void> {
  const pid = Number((await readFile(pidFile, "utf8")).split("\n")[0]);
  if (!(pid > 0) || !(await isRunning(pid, "postgres"))) return;
  process.kill(pid, "SIGQUIT");
  const deadline = Date.now() + 10_000;
  while ((await isRunning(pid, "postgres")) && Date.now() < deadline) await delay(20);
}

/** Whether the process runs, is no zombie, and is that program: its number may have been given to another one. */
async function isRunning(pid: number, program: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes(program);
}
