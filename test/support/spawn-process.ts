import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { afterEach } from "vitest";
import { waitFor } from "./wait-for.ts";

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const running = new Set<SpawnedProcess>();

/**
 * Starts `node <file> <args>`, which must be what the build made: Node 20 reads no TypeScript. What still runs when
 * the test ends is killed.
 */
export function spawnNode(
  file: string,
  args: string[] = [],
  options: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid" | "detached"> = {},
): SpawnedProcess {
  const child = spawn(process.execPath, [file, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const spawned = new SpawnedProcess(file, child);
  running.add(spawned);
  const forget = () => running.delete(spawned);
  spawned.exit.then(forget, forget);
  return spawned;
}

afterEach(async () => {
  const leftovers = [...running];
  for (const spawned of leftovers) spawned.kill("SIGKILL");
  await Promise.allSettled(leftovers.map((spawned) => spawned.exit));
});

export class SpawnedProcess {
  /** How it ended, once it has and its output is complete. */
  readonly exit: Promise<ProcessExit>;
  readonly #file: string;
  readonly #child: ChildProcess;
  #output = "";
  #ended = false;

  constructor(file: string, child: ChildProcess) {
    this.#file = file;
    this.#child = child;
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    this.exit = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        this.#ended = true;
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#file} did not start`);
    return this.#child.pid;
  }

  /** What it has printed so far on both channels. */
  get output(): string {
    return this.#output;
  }

  /** The match of the first complete line, past or future, that fits; fails when the process ends without one. */
  async waitForLine(pattern: RegExp, options: { timeoutMs?: number } = {}): Promise<RegExpExecArray> {
    const { timeoutMs = 20_000 } = options;
    const found = await waitFor(() => this.#findLine(pattern) ?? (this.#ended ? "ended" : undefined), {
      timeoutMs,
      what: `${pattern} from ${this.#file}`,
    }).catch((cause: unknown) => {
      throw new Error(`${this.#file} did not print ${pattern} but:\n${this.#output}`, { cause });
    });
    if (found === "ended") throw new Error(`${this.#file} ended without ${pattern}:\n${this.#output}`);
    return found;
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  #findLine(pattern: RegExp): RegExpExecArray | undefined {
    for (const line of this.#output.split("\n").slice(0, -1)) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return undefined;
  }
}
