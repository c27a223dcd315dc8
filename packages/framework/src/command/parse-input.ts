import { parseGuarded, unreadable } from "@tidemark/schema-registry/validation";
import type { z } from "zod";
import { TidemarkError } from "../errors.ts";
import { describeFieldErrors, fieldErrors } from "../field-errors.ts";

/**
 * Parses a command's input.
 *
 * @throws TidemarkError `validation-failed` with every field, its rule and zod's sentence.
 */
export function parseInput(schema: z.ZodType, input: unknown): unknown {
  const result = parseGuarded<z.ZodSafeParseResult<unknown>>(
    {
      parse: (value) => schema.safeParse(value),
      isRefusal: ({ success }) => !success,
      refuse: () => unreadable.safeParse(input),
    },
    input,
  );
  if (result.success) return result.data;
  const errors = fieldErrors(result.error);
  throw new TidemarkError(
    "validation-failed",
    `The input is not valid: ${describeFieldErrors(errors, "input")}`,
    {
      errors,
    },
  );
}
