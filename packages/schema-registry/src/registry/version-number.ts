import { RegistryError } from "../errors.ts";

export type VersionSelector = number | "latest";

const largestVersion = 2 ** 31 - 1;

/**
 * Reads a version as a path has it: a number, `latest`, or `-1` for the same.
 *
 * @throws RegistryError `version-invalid`
 */
export function parseVersion(version: string | number): VersionSelector {
  if (version === "latest" || version === "-1" || version === -1) return "latest";
  const number = typeof version === "number" || /^\d{1,10}$/.test(version) ? Number(version) : Number.NaN;
  if (Number.isInteger(number) && number >= 1 && number <= largestVersion) return number;
  throw new RegistryError(
    "version-invalid",
    `The specified version '${String(version).slice(0, 50)}' is not a valid version id. ` +
      'Allowed values are between [1, 2^31-1] and the string "latest"',
  );
}
