import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

const fileName = /^lock\.(\d+)$/;
const retryMs = 50;

/**
 * Runs `action` while no other process or caller holds the folder's lock. A holder that died is passed over.
 *
 * The lock is the file `lock.<n>` with the highest n; a taker makes the next one with `link`, which only one
 * process can. Only files below an existing one are ever deleted, so the highest number never falls and a taker
 * that was overtaken sees it. With a single lock file, two processes that both find a dead holder could each
 * delete the other's new lock.
 */
export async function withFolderLock<T>(
  folder: string,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const held = await acquire(folder, signal);
  try {
    return await action();
  } finally {
    await release(held);
  }
}

async function acquire(folder: string, signal: AbortSignal | undefined): Promise<string> {
  const draft = join(folder, `lock-draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(await ownIdentity()));
  try {
    for (;;) {
      signal?.throwIfAborted();
      const highest = await highestLock(folder);
      if (highest > 0 && (await isHeld(join(folder, `lock.${highest}`)))) {
        await delay(retryMs, undefined, signal === undefined ? {} : { signal });
        continue;
      }
      const mine = highest + 1;
      const path = join(folder, `lock.${mine}`);
      if (!(await linkIfAbsent(draft, path))) continue;
      if ((await highestLock(folder)) === mine) {
        await removeBelow(folder, mine);
        return path;
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function release(path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, "");
  await rename(draft, path);
}

async function highestLock(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).map((name) => Number(fileName.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  // Gone: a higher one took its place. Empty: released.
  if (text === undefined) return true;
  if (text === "") return false;
  const holder: ProcessIdentity = JSON.parse(text);
  return isAlive(holder);
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function removeBelow(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const other = Number(fileName.exec(name)?.[1] ?? Infinity);
    if (other < number) await rm(join(folder, name), { force: true });
  }
}
