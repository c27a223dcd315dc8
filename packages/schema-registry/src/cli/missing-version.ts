import type { VersionSelector } from "../registry/version-number.ts";
import { CliFailure } from "./cli-failure.ts";
import type { CommandContext } from "./command-context.ts";

/** Says what there is instead. */
export async function missingVersion(
  { operator, url, signal }: CommandContext,
  subject: string,
  version: VersionSelector,
): Promise<CliFailure> {
  const numbers = await operator.versionNumbers(subject, { signal });
  return new CliFailure(
    numbers.length === 0
      ? `${url} has no subject ${subject}: tidemark-schemas list shows what it has`
      : `${subject} has no version ${version}, but ${numbers.join(", ")}`,
  );
}
