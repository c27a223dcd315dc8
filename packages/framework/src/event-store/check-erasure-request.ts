import { TidemarkError, type FieldError } from "../errors.ts";
import type { ErasureRequest } from "./erasure.ts";
import { lastPossibleRevision } from "./expected-revision.ts";
import { checkTenant } from "./stream-id.ts";

const maxTextLength = 1_000;

/**
 * Checks a request to erase before anything is erased.
 *
 * @throws TidemarkError `validation-failed` naming every wrong field; `stream-name-invalid` for the tenant.
 */
export function checkErasureRequest(request: ErasureRequest): void {
  const { tenant, from, to, at, requestedBy, reason } = request;
  if (tenant !== undefined) checkTenant(tenant);
  const errors: FieldError[] = [];
  const require = (field: string, met: boolean, message: string) => {
    if (!met) errors.push({ field, rule: "range", message });
  };
  require("from", from === undefined ||
    isRevision(from), "must be a revision (a bigint from 0n), or left out");
  require("to", to === undefined || isRevision(to), "must be a revision (a bigint from 0n), or left out");
  require("to", from === undefined || to === undefined || from <= to, "must not be before from");
  require("at", at === undefined || !Number.isNaN(at.getTime()), "must be a valid date, or left out");
  for (const [field, text] of [
    ["requestedBy", requestedBy],
    ["reason", reason],
  ] as const) {
    const message = `must have 1 to ${maxTextLength} characters, without NUL and lone surrogates`;
    require(field, text.trim() !== "" && text.length <= maxTextLength && isStorable(text), message);
  }
  if (errors.length === 0) return;
  const list = errors.map(({ field, message }) => `${field} ${message}`).join("; ");
  throw new TidemarkError("validation-failed", `The erasure cannot be carried out: ${list}.`, { errors });
}

function isRevision(value: bigint): boolean {
  return typeof value === "bigint" && value >= 0n && value <= lastPossibleRevision;
}

/** Neither PostgreSQL's text nor UTF-8 can hold the others. */
function isStorable(text: string): boolean {
  return !text.includes("\u0000") && !/\p{Surrogate}/u.test(text);
}
