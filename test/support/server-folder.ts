import { chmod, mkdtemp, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import "./test-run.ts";

/** A folder for a test's own server; the end of the run stops what runs in it and deletes it. */
export async function makeServerFolder(mode = 0o755): Promise<string> {
  const folder = await mkdtemp(join(inject("testRun").folder, "server-"));
  await chmod(folder, mode);
  return folder;
}

/** The process id of the server that is registered in the folder; undefined when it is stopped. */
export async function readServerPid(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, "data", "postmaster.pid"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number(text.split("\n")[0]);
}

/** The user that a process runs as. */
export async function readProcessUser(pid: number): Promise<number> {
  return (await stat(`/proc/${pid}`)).uid;
}
