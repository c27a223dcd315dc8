import { setTimeout as delay } from "node:timers/promises";
import { findBinaries } from "./binaries.ts";
import type { DataFolder } from "./data-folder.ts";
import { isServerAlive, readPostmaster } from "./postmaster.ts";
import { runCommand } from "./run-as.ts";

const timeoutMs = 30_000;
const pollMs = 20;

/**
 * Ends the folder's server in order: sessions are cut, the data is written. False when that takes longer than 30 s;
 * it goes on then.
 */
export async function stopServer(folder: DataFolder): Promise<boolean> {
  const postmaster = await readPostmaster(folder.data);
  if (postmaster === undefined || !(await isServerAlive(postmaster, folder.data))) return true;
  if (process.platform === "win32") {
    const parameters = ["stop", "--pgdata", folder.data, "--mode", "fast", "--no-wait"];
    await runCommand({ inNamespace: false }, findBinaries().pgCtl, parameters);
  } else {
    interrupt(postmaster.pid);
  }
  const deadline = Date.now() + timeoutMs;
  while (await isServerAlive(postmaster, folder.data)) {
    if (Date.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/** Asks for what PostgreSQL calls a fast shutdown. */
function interrupt(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isGone) throw error;
  }
}
