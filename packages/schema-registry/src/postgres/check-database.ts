import pg from "pg";
import { PostgresError } from "./postgres-error.ts";

export interface DatabaseInfo {
  /** The server's version as one number, such as 180004. */
  serverVersion: number;
}

/**
 * Connects once, so that a start with a wrong DATABASE_URL ends in one sentence and not in a driver's stack. The
 * sentence names host, port, database and what to do, never the password.
 *
 * @throws PostgresError PG_UNREACHABLE
 */
export async function checkDatabase(options: {
  connectionString: string;
  /** Milliseconds; 10,000 by default. */
  timeoutMs?: number;
}): Promise<DatabaseInfo> {
  let client: pg.Client;
  try {
    client = new pg.Client({
      connectionString: options.connectionString,
      connectionTimeoutMillis: options.timeoutMs ?? 10_000,
      query_timeout: options.timeoutMs ?? 10_000,
      application_name: "tidemark",
    });
  } catch (cause) {
    throw invalidUrl(cause);
  }
  if (!/^postgres(ql)?:\/\//.test(options.connectionString)) throw invalidUrl();
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::integer as version",
    );
    return { serverVersion: rows[0]?.version ?? 0 };
  } catch (cause) {
    throw new PostgresError("PG_UNREACHABLE", explain(client, cause), { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function invalidUrl(cause?: unknown): PostgresError {
  const sentence =
    "the database URL is not one: write postgresql://user:password@host:port/database, with special characters of the password percent-encoded";
  return new PostgresError("PG_UNREACHABLE", sentence, { cause });
}

function explain(client: pg.Client, error: unknown): string {
  const address = `${client.host}:${client.port}`;
  const code = errorCode(error);
  switch (code) {
    case "ECONNREFUSED":
      return `no PostgreSQL listens on ${address}: start it, or correct host and port in DATABASE_URL`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host ${client.host} of DATABASE_URL is not known: correct it, or check the name service`;
    case "28P01":
    case "28000":
      return `the PostgreSQL at ${address} refuses the user ${client.user}: correct user and password in DATABASE_URL`;
    case "3D000":
      return `the PostgreSQL at ${address} has no database ${client.database}: create it, or correct the name in DATABASE_URL`;
    case "53300":
      return `the PostgreSQL at ${address} has no connection left: raise max_connections or end other clients`;
    case "57P03":
      return `the PostgreSQL at ${address} is starting or stopping: try again in a moment`;
    default:
      return `the PostgreSQL at ${address} cannot be reached (${errorText(error)}): check that it runs and that DATABASE_URL is right`;
  }
}

function errorCode(error: unknown): unknown {
  // A name with several addresses: each was tried.
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
