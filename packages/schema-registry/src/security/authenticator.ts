import { createHmac, randomBytes } from "node:crypto";
import { RegistryError } from "../errors.ts";
import type { Credential } from "./credential.ts";
import type { Principal } from "./permission.ts";
import { hashPassword, verifySecret } from "./secret-hash.ts";

/** Tells who calls. */
export interface Authenticator {
  /**
   * The caller by the Authorization header; null when it names none.
   *
   * @throws RegistryError `too-many-logins` while more passwords wait to be checked than is good for the server
   */
  authenticate(header: string | undefined): Promise<Principal | null>;
  /** Knows these credentials, and no others, from now on. */
  replace(credentials: readonly Credential[]): void;
}

// A password costs a tenth of a second on a thread that files and name look-ups need too.
const parallelChecks = 2;
const waitingChecks = 16;
const rememberedMs = 10 * 60_000;
const rememberedPasswords = 1_000;

/** Checks HTTP basic and bearer credentials. A password that was right is remembered for ten minutes, as a keyed hash. */
export function createAuthenticator(credentials: readonly Credential[]): Authenticator {
  let known = credentials;
  const remembered = new Map<string, { readonly principal: Credential; readonly until: number }>();
  const memoryKey = randomBytes(32);
  const runLimited = createLimit(parallelChecks, waitingChecks);
  // An unknown name must take as long as a wrong password does.
  const nobody = hashPassword(randomBytes(16).toString("hex"));

  async function basic(name: string, password: string): Promise<Principal | null> {
    const credential = known.find((candidate) => candidate.scheme === "basic" && candidate.name === name);
    if (credential?.secret.algorithm === "sha256") {
      return (await verifySecret(password, credential.secret)) ? credential : null;
    }
    const memory = createHmac("sha256", memoryKey)
      .update(JSON.stringify([name, password]))
      .digest("hex");
    const before = remembered.get(memory);
    if (before && before.principal === credential && before.until > Date.now()) return credential;
    const secret = credential?.secret ?? (await nobody);
    const isRight = await runLimited(() => verifySecret(password, secret));
    if (!isRight || credential === undefined || !known.includes(credential)) return null;
    if (remembered.size >= rememberedPasswords) remembered.clear();
    remembered.set(memory, { principal: credential, until: Date.now() + rememberedMs });
    return credential;
  }

  async function bearer(token: string): Promise<Principal | null> {
    let found: Credential | null = null;
    // Each is compared, found or not: the time says nothing about the place.
    for (const credential of known) {
      if (credential.scheme !== "bearer" || credential.secret.algorithm !== "sha256") continue;
      if (await verifySecret(token, credential.secret)) found = credential;
    }
    return found;
  }

  return {
    async authenticate(header) {
      const [, scheme = "", value = ""] = /^(basic|bearer) +(\S{1,4096})$/i.exec(header ?? "") ?? [];
      if (scheme.toLowerCase() === "bearer") return bearer(value);
      if (scheme === "") return null;
      const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(value, "base64").toString()) ?? [];
      return name === undefined || password === undefined ? null : basic(name, password);
    },

    replace(credentials) {
      known = credentials;
      remembered.clear();
    },
  };
}

/** Runs at most `parallel` tasks at a time and lets `waiting` more wait. */
function createLimit(parallel: number, waiting: number): <T>(task: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= parallel) {
      if (queue.length >= waiting) {
        throw new RegistryError(
          "too-many-logins",
          "Too many passwords are being checked; try again in a second",
        );
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
