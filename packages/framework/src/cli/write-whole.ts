import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CliFailure } from "./cli-failure.ts";

/**
 * Writes a file that is there with all that belongs into it, or as it was before: under another name first.
 *
 * @param shown the name for messages
 * @throws CliFailure when it cannot be written; whatever the source throws.
 */
export async function writeWhole(source: Readable, path: string, shown: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => null);
  if (found?.isDirectory() === true) throw new CliFailure(`${shown} is a folder: name a file`);
  // Pipes and devices are written to as they are.
  const isFile = found === null || found.isFile();
  const written = isFile ? `${target}.${process.pid}.partial` : target;
  const problem = `${shown} cannot be written`;
  try {
    await pipeline(source, createWriteStream(written));
    if (isFile) await rename(written, target);
  } catch (error) {
    if (isFile) await rm(written, { force: true }).catch(() => {});
    throw fileFailure(error, problem);
  }
}

/** An error of the file system with the name of the file in a sentence; any other as it is. */
export function fileFailure(error: unknown, problem: string): unknown {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return error;
  const reasons: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "its rights do not allow it",
    EPERM: "its rights do not allow it",
    ENOSPC: "the disk is full",
    EROFS: "its disk is only to be read",
    ENOTDIR: "a part of its path is no folder",
  };
  const reason = reasons[String(error.code)] ?? error.message;
  return new CliFailure(`${problem}: ${reason}`, { cause: error });
}
