import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { waitFor } from "./wait-for.ts";

export interface Zombie {
  pid: number;
  reap(): void;
}

/** A process that has ended and that its parent never asks about, as happens in containers without an init. */
export async function makeZombie(): Promise<Zombie> {
  const parent = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; exec tail -f /dev/null"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  parent.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const pid = await waitFor(() => (output.includes("\n") ? Number(output) : undefined));
  await waitFor(async () => (await readFile(`/proc/${parent.pid}/cmdline`, "utf8")).startsWith("tail"));
  process.kill(pid, "SIGKILL");
  await waitFor(async () => (await readFile(`/proc/${pid}/stat`, "utf8")).includes(") Z "));
  return { pid, reap: () => void parent.kill("SIGKILL") };
}
