import { z } from "zod";

/** Ids that callers choose for accounts and entries. */
export const identifier = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,128}$/, { error: "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -" });

// Text that PostgreSQL cannot hold, or that would break a line of a report.
const printable = /^[^\p{Cc}\p{Surrogate}]*$/u;

/** One line of free text. */
export function line(maxLength: number) {
  return z
    .string()
    .max(maxLength, { error: `must have at most ${maxLength} characters` })
    .regex(printable, { error: "must not contain control characters" });
}

/** A currency or any other commodity: `EUR`, `AAPL`, `$`. */
export const commodity = line(64).min(1, { error: "must not be empty" });
