import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { credentialSchema, type Credential } from "../security/credential.ts";

const contents = z
  .strictObject({ credentials: z.array(credentialSchema) })
  .refine(
    ({ credentials }) =>
      new Set(credentials.map(({ name, scheme }) => `${scheme} ${name}`)).size === credentials.length,
    "two credentials have the same name",
  );

/** The file of credentials cannot be used; the message says why. */
export class CredentialsFileError extends Error {
  override readonly name = "CredentialsFileError";
}

/** @throws CredentialsFileError */
export async function readCredentials(file: string): Promise<readonly Credential[]> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "does not exist" : `cannot be read (${cause.code})`;
    throw new CredentialsFileError(
      `The credentials file ${file} ${reason}: make it with "npm run registry -- credential add <name>".`,
      { cause },
    );
  });
  const result = contents.safeParse(parseText(text, file));
  if (result.success) return result.data.credentials;
  const faults = result.error.issues.map(({ path, message }) => [...path, message].join(" "));
  throw new CredentialsFileError(`The credentials file ${file} is not valid: ${faults.join("; ")}.`);
}

/** Puts a new file in place of the old one, readable by its owner only. */
export async function writeCredentials(file: string, credentials: readonly Credential[]): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, `${JSON.stringify({ credentials }, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

function parseText(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CredentialsFileError(`The credentials file ${file} is not JSON.`, { cause });
  }
}
