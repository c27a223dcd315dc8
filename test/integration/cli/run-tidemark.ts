import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import "../../support/test-run.ts";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const tidemark = pathOf("../../../packages/framework/bin/tidemark.js");
export const sumsApplication = pathOf("sums-application.js");
export const ledgerApplication = pathOf("../../../examples/ledger/dist/app.js");
export const ledgerFolder = pathOf("../../../examples/ledger");

export interface TidemarkRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command to its end, without the environment of the test run. */
export async function runTidemark(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<TidemarkRun> {
  const { cwd = inject("testRun").folder, env = {} } = options;
  const child = spawn(process.execPath, [tidemark, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], TZ: "UTC", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}
