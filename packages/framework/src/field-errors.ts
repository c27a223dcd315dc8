import type { z } from "zod";
import type { FieldError } from "./errors.ts";

/** zod's issues as a list of fields, each with its rule and a sentence. */
export function fieldErrors(error: z.ZodError): readonly FieldError[] {
  return error.issues.map((issue) => ({
    field: issue.path.join("."),
    rule: issue.code,
    message: issue.message,
  }));
}

/** The same in one line, `whole` standing for the value itself. */
export function describeFieldErrors(errors: readonly FieldError[], whole: string): string {
  return errors.map(({ field, message }) => `${field || whole}: ${message}`).join("; ");
}
