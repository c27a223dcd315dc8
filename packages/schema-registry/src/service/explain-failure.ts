import { PostgresError } from "../postgres/postgres-error.ts";
import { PortUnavailableError } from "./check-port.ts";
import { CredentialsFileError } from "./credentials-file.ts";
import { ServiceConfigError } from "./service-config.ts";

const explained = [ServiceConfigError, PortUnavailableError, CredentialsFileError, PostgresError];

/** A sentence for a person; the stack only for what nobody expected. */
export function explainFailure(error: unknown): string {
  if (explained.some((known) => error instanceof known) && error instanceof Error) return error.message;
  if (error instanceof AggregateError) return error.errors.map(explainFailure).join("\n");
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
