/** Every failure of this package's PostgreSQL plumbing: what went wrong, and whether trying again can help. */
export const postgresErrors = {
  PG_BINARY_MISSING: { summary: "no PostgreSQL for this platform is installed", retryable: false },
  PG_DATA_VERSION_MISMATCH: {
    summary: "the data folder was written by another major version of PostgreSQL",
    retryable: false,
  },
  PG_FOLDER_NOT_ACCESSIBLE: {
    summary: "the user that must run PostgreSQL cannot use the data folder",
    retryable: false,
  },
  PG_MIGRATION_CHANGED: { summary: "a migration that was applied has another text now", retryable: false },
  PG_MIGRATION_FAILED: { summary: "a migration raised an error and was rolled back", retryable: false },
  PG_MIGRATION_INVALID: { summary: "the migration files cannot be used as they are", retryable: false },
  PG_MIGRATION_NEWER: {
    summary: "the database has a migration that this code does not know",
    retryable: false,
  },
  PG_PORT_IN_USE: { summary: "another program listens on the port", retryable: true },
  PG_START_FAILED: { summary: "the embedded PostgreSQL did not start", retryable: true },
  PG_UNREACHABLE: { summary: "the database does not answer or refuses the connection", retryable: true },
} as const;

export type PostgresErrorCode = keyof typeof postgresErrors;

/**
 * A failure with a stable code and one sentence that says what to do. The driver's or the operating system's
 * error, where there is one, is the `cause`.
 */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly code: PostgresErrorCode;
  readonly retryable: boolean;

  constructor(code: PostgresErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = postgresErrors[code].retryable;
  }
}
