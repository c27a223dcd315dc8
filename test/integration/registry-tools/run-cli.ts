import { spawn } from "node:child_process";
import { mkdtemp, writeFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import "../../support/test-run.ts";

const command = fileURLToPath(
  new URL("../../../packages/schema-registry/bin/tidemark-schemas.js", import.meta.url),
);

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command to its end, without the environment of the test run. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { cwd = inject("testRun").folder, input, env = {} } = options;
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], TZ: "UTC", ...env },
    stdio: "pipe",
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}

/** A folder with these files, below that of the run. */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(inject("testRun").folder, "cli-"));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return folder;
}

/** A built application module with one version of each event, by subject. */
export function applicationModule(events: Readonly<Record<string, string>>): string {
  const definitions = Object.entries(events).map(([subject, schemaText]) => ({
    recordName: subject,
    versions: [{ version: 1, subject, schemaText }],
  }));
  // Definitions of the framework are functions with members.
  return `export default { events: ${JSON.stringify(definitions)}.map((one) => Object.assign(() => one, one)) };\n`;
}
