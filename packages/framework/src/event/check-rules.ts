import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition } from "./define-event.ts";

/**
 * Applies an event's zod rules to a payload.
 *
 * @throws TidemarkError `event-invalid` with every broken rule and its field.
 */
export function checkRules(definition: AnyEventDefinition, data: unknown): void {
  if (definition.rules === null) return;
  const result = definition.rules.safeParse(data);
  if (result.success) return;
  const errors = result.error.issues.map((issue) => ({
    field: issue.path.join("."),
    rule: issue.code,
    message: issue.message,
  }));
  throw new TidemarkError(
    "event-invalid",
    `The event ${definition.recordName} breaks its rules: ` +
      errors.map((error) => `${error.field || "payload"}: ${error.message}`).join("; "),
    { errors },
  );
}
