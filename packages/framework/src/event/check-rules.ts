import { TidemarkError } from "../errors.ts";
import { describeFieldErrors, fieldErrors } from "../field-errors.ts";
import type { AnyEventDefinition } from "./define-event.ts";

/**
 * Applies an event's zod rules to a payload.
 *
 * @throws TidemarkError `event-invalid` with every broken rule and its field.
 */
export function checkRules(definition: AnyEventDefinition, data: unknown): void {
  const result = definition.rules?.safeParse(data);
  if (result === undefined || result.success) return;
  const errors = fieldErrors(result.error);
  throw new TidemarkError(
    "event-invalid",
    `The event ${definition.recordName} breaks its rules: ${describeFieldErrors(errors, "payload")}`,
    { errors },
  );
}
