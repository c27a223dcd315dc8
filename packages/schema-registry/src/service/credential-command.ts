import { access } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import type { Credential } from "../security/credential.ts";
import type { Grant, Permission } from "../security/permission.ts";
import { generateToken, hashPassword, hashToken } from "../security/secret-hash.ts";
import { CredentialsFileError, readCredentials, writeCredentials } from "./credentials-file.ts";

interface AddOptions {
  readonly grant: readonly Grant[];
  readonly basic: boolean;
  readonly passwordStdin: boolean;
}

const permissions: readonly Permission[] = ["read", "write", "delete", "admin"];

/** `credential add | remove | list`: the file that REGISTRY_CREDENTIALS_FILE names. */
export function credentialCommand(fileOf: () => string): Command {
  const command = new Command("credential").description("manage REGISTRY_CREDENTIALS_FILE");
  command
    .command("add")
    .description("add a caller, or give it a new secret and other grants; prints the secret once")
    .argument("<name>", "recorded as the author of what it registers")
    .option(
      "--grant <permissions:prefix>",
      'such as write:orders. or "read,delete:" (an empty prefix is everything); repeat it for more',
      collectGrant,
      [],
    )
    .option("--basic", "a user name and password instead of a bearer token", false)
    .option("--password-stdin", "take the password from standard input instead of making one", false)
    .action(async (name: string, options: AddOptions) => {
      const secret = options.passwordStdin ? (await readAll(process.stdin)).replace(/\r?\n$/, "") : null;
      if (secret === "") throw new CredentialsFileError("Standard input holds no password.");
      const token = secret ?? generateToken();
      const credential: Credential = {
        name,
        scheme: options.basic || secret !== null ? "basic" : "bearer",
        secret: secret === null ? hashToken(token) : await hashPassword(secret),
        grants: options.grant,
      };
      const file = fileOf();
      const others = (await existing(file)).filter((other) => !isSame(other, credential));
      await writeCredentials(file, [...others, credential]);
      if (options.grant.length === 0) process.stderr.write(`${name} has no grants and may read nothing.\n`);
      process.stderr.write(`Stored in ${file}; a running registry reads it again on SIGHUP.\n`);
      if (secret === null) process.stdout.write(`${token}\n`);
    });
  command
    .command("remove")
    .description("remove a caller")
    .argument("<name>")
    .action(async (name: string) => {
      const file = fileOf();
      const credentials = await readCredentials(file);
      const left = credentials.filter((credential) => credential.name !== name);
      if (left.length === credentials.length) throw new CredentialsFileError(`${file} has no ${name}.`);
      await writeCredentials(file, left);
    });
  command
    .command("list")
    .description("list callers and grants")
    .action(async () => {
      for (const { name, scheme, grants } of await readCredentials(fileOf())) {
        const granted = grants.map(({ permissions, prefix }) => `${permissions.join(",")}:${prefix}`);
        process.stdout.write(`${name}\t${scheme}\t${granted.join(" ")}\n`);
      }
    });
  return command;
}

function collectGrant(text: string, before: readonly Grant[]): readonly Grant[] {
  const [, names = "", prefix = ""] = /^([a-z,]+):(.*)$/s.exec(text) ?? [];
  const granted = names.split(",").map((name) => permissions.find((permission) => permission === name));
  const known = granted.filter((permission) => permission !== undefined);
  if (known.length === granted.length) return [...before, { prefix, permissions: known }];
  throw new InvalidArgumentError(`Write permissions, a colon and a prefix: "read,write:orders.".`);
}

async function existing(file: string): Promise<readonly Credential[]> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  return exists ? readCredentials(file) : [];
}

function isSame(one: Credential, other: Credential): boolean {
  return one.name === other.name && one.scheme === other.scheme;
}
