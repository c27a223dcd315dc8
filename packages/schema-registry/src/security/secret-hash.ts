import { createHash, randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";

/**
 * What is kept of a secret. Tokens hold 256 random bits that nobody can guess however fast the hash is: sha256, which
 * costs a request a microsecond. Passwords are chosen by people, so guessing them is made expensive: scrypt with
 * N=2^15, r=8, p=1 (32 MiB and about a tenth of a second a guess).
 */
export type SecretHash =
  | { readonly algorithm: "sha256"; readonly hash: string }
  | { readonly algorithm: "scrypt"; readonly salt: string; readonly hash: string };

const scryptParameters: ScryptOptions = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1_048_576 };
const hashBytes = 32;

/** A new secret for a machine: 256 random bits as text that fits a header, a URL and a shell. */
export function generateToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Only for secrets of {@link generateToken}: a chosen password could be guessed from it. */
export function hashToken(token: string): SecretHash {
  return { algorithm: "sha256", hash: sha256(token).toString("base64url") };
}

export async function hashPassword(password: string): Promise<SecretHash> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt);
  return { algorithm: "scrypt", salt: salt.toString("base64url"), hash: hash.toString("base64url") };
}

/** Compares in constant time. */
export async function verifySecret(secret: string, stored: SecretHash): Promise<boolean> {
  const expected = Buffer.from(stored.hash, "base64url");
  const actual =
    stored.algorithm === "sha256"
      ? sha256(secret)
      : await derive(secret, Buffer.from(stored.salt, "base64url"));
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, hashBytes, scryptParameters, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
