import { RegistryStorageUnavailableError } from "../registry/registry-storage.ts";

// 23503 and 23505: a schema vanished, or its id was taken, between a read and the write that relied on it.
const transientStates = new Set(["40001", "40P01", "23503", "23505"]);

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The transaction lost against another one: running it again can succeed at once. */
export function isTransient(error: unknown): boolean {
  return transientStates.has(codeOf(error) ?? "");
}

/** The database is away, starting, stopping or out of connections. */
function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return networkCodes.has(code) || /^(?:08|53|57P)/.test(code);
  // The driver reports a lost connection and an exhausted pool by their texts alone.
  return error instanceof Error && /^Connection terminated|timeout|not queryable/i.test(error.message);
}

/** Tells a caller that the database is away in the domain's words. */
export async function translated<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw translatedFailure(cause);
  }
}

export function translatedFailure(cause: unknown): unknown {
  if (!isUnreachable(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RegistryStorageUnavailableError(`The registry's database does not answer: ${reason}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
