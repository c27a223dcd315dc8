import { TidemarkError } from "../errors.ts";

/**
 * Refuses what the driver would take for the name of some host.
 *
 * @throws TidemarkError `definition-invalid`.
 */
export function checkConnectionString(connectionString: string): void {
  if (/^(?:postgres|postgresql|socket):|^\//.test(connectionString)) return;
  throw new TidemarkError(
    "definition-invalid",
    "The database's connection string is not one: write postgresql://user:password@host:port/database, " +
      "with special characters of the password percent-encoded.",
  );
}
