import { PostgresError } from "@tidemark/schema-registry/postgres";
import { TidemarkError } from "../errors.ts";
import { CliFailure } from "./cli-failure.ts";

const expected = [CliFailure, TidemarkError, PostgresError];

/** What went wrong, in sentences; with the stack only where the fault is the program's own. */
export function explainFailure(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(explainFailure).join("\n");
  if (!(error instanceof Error)) return String(error);
  if (!expected.some((kind) => error instanceof kind) && !("code" in error))
    return error.stack ?? error.message;
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}

/** The same for programs. */
export function failureFields(error: unknown, message: string): Readonly<Record<string, unknown>> {
  if (!(error instanceof TidemarkError)) return { message };
  const { code, retryable, errors, details } = error;
  return { message, code, retryable, errors, details };
}
