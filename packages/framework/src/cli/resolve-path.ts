import { existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * A path that someone typed. `npm run` changes the folder to the package's and leaves the one it was started in in
 * INIT_CWD: what is not in the first is looked for in the second.
 */
export function resolveInput(path: string): string {
  const here = resolve(path);
  const started = process.env["INIT_CWD"];
  if (started === undefined || existsSync(here)) return here;
  const there = resolve(started, path);
  return existsSync(there) ? there : here;
}

/** Where to write a file that someone named: where they stand. */
export function resolveOutput(path: string): string {
  const standing = process.env["npm_lifecycle_event"] === undefined ? "." : process.env["INIT_CWD"];
  return resolve(standing ?? ".", path);
}
