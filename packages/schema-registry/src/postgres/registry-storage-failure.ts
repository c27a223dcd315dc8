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
export function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return networkCodes.has(code) || /^(?:08|53|57P)/.test(code);
  // The driver reports a lost connection and an exhausted pool by their texts alone.
  return error instanceof Error && /^Connection terminated|timeout|not queryable/i.test(error.message);
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
