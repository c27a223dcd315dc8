import { TidemarkError, type FieldError } from "../errors.ts";
import type { ReadAllOptions, ReadStreamOptions } from "./event-store.ts";
import { lastPossibleRevision } from "./expected-revision.ts";
import { checkStreamId, checkTenant } from "./stream-id.ts";

const maxPositions = 1_000;

/** @throws TidemarkError `stream-name-invalid`, `validation-failed` naming each field; stores call it first. */
export function checkReadStream(streamId: string, { tenant, from, limit }: ReadStreamOptions): void {
  checkStreamId(streamId);
  if (tenant !== undefined) checkTenant(tenant);
  refuse("stream", [place("from", from), count("limit", limit, 0)]);
}

/** @throws TidemarkError `stream-name-invalid`, `validation-failed` naming each field; stores call it first. */
export function checkReadAll({ tenant, after, upTo, limit, pageSize, pageBytes }: ReadAllOptions): void {
  if (tenant !== undefined) checkTenant(tenant);
  refuse("log", [
    place("after", after),
    place("upTo", upTo),
    count("limit", limit, 0),
    count("pageSize", pageSize, 1),
    count("pageBytes", pageBytes, 1),
  ]);
}

/** @throws TidemarkError `validation-failed`; stores call it first. */
export function checkEventsAt(positions: readonly bigint[]): void {
  const message = `must be at most ${maxPositions} at a time, there are ${positions.length}`;
  const tooMany = positions.length > maxPositions ? { field: "positions", rule: "range", message } : null;
  refuse("log", [tooMany, ...positions.map((position) => place("positions", position))]);
}

function place(field: string, value: bigint | undefined): FieldError | null {
  if (value === undefined || (value >= 0n && value <= lastPossibleRevision)) return null;
  return { field, rule: "range", message: `must be from 0 to ${lastPossibleRevision}, it is ${value}` };
}

function count(field: string, value: number | undefined, least: number): FieldError | null {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return null;
  return { field, rule: "range", message: `must be a whole number from ${least}, it is ${value}` };
}

function refuse(what: string, results: readonly (FieldError | null)[]): void {
  const errors = results.filter((error) => error !== null);
  if (errors.length === 0) return;
  const faults = errors.map(({ field, message }) => `${field} ${message}`).join("; ");
  throw new TidemarkError("validation-failed", `The ${what} cannot be read: ${faults}.`, { errors });
}
