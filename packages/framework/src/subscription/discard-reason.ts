import { TidemarkError } from "../errors.ts";

/** @throws TidemarkError `validation-failed` for events that are to be given up without a reason. */
export function checkDiscardReason(reason: string): void {
  if (reason.trim() !== "") return;
  const message = "must say why the events are given up";
  throw new TidemarkError("validation-failed", `The reason ${message}.`, {
    errors: [{ field: "reason", rule: "required", message }],
  });
}
