import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Tells one process from a later one that was given the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When the process started, in the platform's own notation; compared, never read. */
  startedAt: string;
}

const run = promisify(execFile);

/** The identity of a running process; undefined when it is gone, or only waits to be reaped by its parent. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!answersSignals(pid)) return undefined;
  if (process.platform === "linux") return identifyLinuxProcess(pid);
  if (process.platform === "win32") return { pid, startedAt: "" };
  try {
    const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
    });
    const [state = "", ...startedAt] = stdout.trim().split(/\s+/);
    return state === "" || state.startsWith("Z") ? undefined : { pid, startedAt: startedAt.join(" ") };
  } catch {
    return undefined;
  }
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(process.pid))?.startedAt === process.startedAt;
}

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return (await identifyProcess(process.pid)) ?? { pid: process.pid, startedAt: "" };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function identifyLinuxProcess(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // The second field is the command in parentheses, which may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    const startTicks = fields[19];
    if (state === undefined || startTicks === undefined || state === "Z" || state === "X") return undefined;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1").catch(() => "");
    return { pid, startedAt: `${boot.trim()}:${startTicks}` };
  } catch {
    return undefined;
  }
}
