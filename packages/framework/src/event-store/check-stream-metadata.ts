import { TidemarkError, type FieldError } from "../errors.ts";
import { lastPossibleRevision } from "./expected-revision.ts";
import type { StreamMetadata } from "./stream-metadata.ts";

/**
 * Checks stream metadata before a store keeps it.
 *
 * @throws TidemarkError `validation-failed` naming every wrong field.
 */
export function checkStreamMetadata({ maxCount, maxAgeSeconds, truncateBefore }: StreamMetadata): void {
  const errors: FieldError[] = [];
  for (const [field, value] of [
    ["maxCount", maxCount],
    ["maxAgeSeconds", maxAgeSeconds],
  ] as const) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      errors.push({ field, rule: "range", message: "must be a whole number of at least 1, or left out" });
  }
  if (
    truncateBefore !== undefined &&
    !(typeof truncateBefore === "bigint" && truncateBefore >= 0n && truncateBefore <= lastPossibleRevision)
  ) {
    errors.push({
      field: "truncateBefore",
      rule: "range",
      message: "must be a revision (a bigint from 0n), or left out",
    });
  }
  if (errors.length === 0) return;
  const list = errors.map(({ field, message }) => `${field} ${message}`).join("; ");
  throw new TidemarkError("validation-failed", `The stream metadata cannot be kept: ${list}.`, { errors });
}
