import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { RegistryRequestError, RegistryUnavailableError } from "../client/registry-client-errors.ts";
import { RegistryError } from "../errors.ts";
import { CliFailure } from "./cli-failure.ts";

const expected = [CliFailure, RegistryRequestError, RegistryUnavailableError, RegistryError, AvroSchemaError];

/** One paragraph on what went wrong; with the stack only where the fault is the program's own. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RegistryRequestError && [401, 403].includes(error.errorCode)) {
    return (
      `${error.message} (give --user or --token, or set SCHEMA_REGISTRY_USER or SCHEMA_REGISTRY_TOKEN, ` +
      "of a credential that may do this)"
    );
  }
  if (expected.some((kind) => error instanceof kind) || "code" in error) return error.message;
  return error.stack ?? error.message;
}
