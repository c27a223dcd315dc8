import type { ExpectedRevision } from "./append-check.ts";
import type { ProposedRecord } from "./log-record.ts";
import type { AppendOutcome } from "./node-log.ts";
import type { NodeContext } from "./node-service.ts";

/** An append as the faults see it: what the log answered, unless the client must not learn it. */
export type FaultyOutcome =
  AppendOutcome | { readonly kind: "unavailable" } | { readonly kind: "disconnected" };

/** Appends, and meets the faults before and after the commit. */
export function appendEvents(
  { faults, log, disconnect }: NodeContext,
  stream: string,
  expected: ExpectedRevision,
  events: readonly ProposedRecord[],
): FaultyOutcome {
  if (faults.take("refuse-append", stream) !== undefined) return { kind: "unavailable" };
  if (faults.take("disconnect", stream, (fault) => fault.on === "before-append") !== undefined) {
    disconnect();
    return { kind: "disconnected" };
  }
  const outcome = log.append(stream, expected, events);
  if (outcome.kind !== "appended" && outcome.kind !== "idempotent") return outcome;
  if (faults.take("drop-append-reply", stream) !== undefined) return { kind: "unavailable" };
  if (faults.take("disconnect", stream, (fault) => fault.on === "after-append") !== undefined) {
    disconnect();
    return { kind: "disconnected" };
  }
  return outcome;
}
