import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

/** One user of the server: a process may hold several. */
export interface Attachment extends ProcessIdentity {
  id: string;
}

/**
 * Adds this process to the file that lists who uses the server, in order of arrival; the first living one is its
 * owner. Call it under the folder's lock.
 */
export async function attach(root: string): Promise<{ attachment: Attachment; isOwner: boolean }> {
  const others = await readLiving(root);
  const attachment = { ...(await ownIdentity()), id: randomUUID() };
  await write(root, [...others, attachment]);
  return { attachment, isOwner: others.length === 0 };
}

/**
 * Takes this process off the list and answers how many living ones remain; the first of them is the owner from now
 * on. Call it under the folder's lock.
 */
export async function detach(root: string, attachment: Attachment): Promise<number> {
  const others = (await readLiving(root)).filter((other) => other.id !== attachment.id);
  await write(root, others);
  return others.length;
}

async function readLiving(root: string): Promise<Attachment[]> {
  const text = await readFile(join(root, "owners.json"), "utf8").catch(() => "[]");
  const all: Attachment[] = JSON.parse(text);
  const living = await Promise.all(all.map(isAlive));
  return all.filter((_, index) => living[index]);
}

async function write(root: string, attachments: Attachment[]): Promise<void> {
  const draft = join(root, `owners.json.${process.pid}`);
  await writeFile(draft, JSON.stringify(attachments, undefined, 2));
  await rename(draft, join(root, "owners.json"));
}
