import { TidemarkError } from "../errors.ts";

/** What is wrong with an export as a whole. */
export function importInvalid(reason: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    "import-invalid",
    `The export cannot be imported: ${reason}. What came before is imported; repeat with a complete one.`,
    { cause },
  );
}
