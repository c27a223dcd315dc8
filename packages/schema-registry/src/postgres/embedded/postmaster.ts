import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { identifyProcess } from "./process-identity.ts";

/** What `postmaster.pid` says about the server that wrote it. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Identifier of the System V shared memory segment that every process of the server is attached to. */
  sharedMemoryId: number | undefined;
  status: string;
}

const run = promisify(execFile);

/** Reads `postmaster.pid`; undefined when no server is registered in the data folder. */
export async function readPostmaster(dataFolder: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataFolder, "postmaster.pid"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const [pid = "", , , port = "", , , sharedMemory = "", status = ""] = text.split("\n");
  const sharedMemoryId = sharedMemory.trim().split(/\s+/)[1];
  return {
    pid: Math.abs(Number(pid)),
    port: Number(port),
    sharedMemoryId: sharedMemoryId === undefined ? undefined : Number(sharedMemoryId),
    status: status.trim(),
  };
}

/** Whether the process is a PostgreSQL server of this folder and no other program that was given its number since. */
export async function isServerAlive(postmaster: Postmaster, dataFolder: string): Promise<boolean> {
  if ((await identifyProcess(postmaster.pid)) === undefined) return false;
  const command = await commandLine(postmaster.pid);
  return command === undefined || command.includes(dataFolder);
}

/**
 * How many processes of a server that died still work on its data. They must leave before the pid file may go:
 * a second server beside them would destroy the data.
 */
export async function countOrphans(postmaster: Postmaster): Promise<number> {
  if (postmaster.sharedMemoryId === undefined) return 0;
  const table = await readFile("/proc/sysvipc/shm", "utf8").catch(() => "");
  const [header = "", ...rows] = table.split("\n").map((line) => line.trim().split(/\s+/));
  const idColumn = header.indexOf("shmid");
  const attachedColumn = header.indexOf("nattch");
  const row = rows.find((fields) => Number(fields[idColumn]) === postmaster.sharedMemoryId);
  return Number(row?.[attachedColumn] ?? 0);
}

async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === "win32") return undefined;
  if (process.platform === "linux") {
    const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
    return text?.replaceAll("\0", " ");
  }
  const result = await run("ps", ["-ww", "-o", "args=", "-p", String(pid)]).catch(() => undefined);
  return result?.stdout;
}
