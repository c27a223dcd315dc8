import type { EventFilter } from "./event-filter.ts";
import type { ExpectedRevision } from "./expected-revision.ts";

/**
 * What must hold, beside the expected revision of the streams that are written, for an append to happen. It is decided
 * in the same atomic step as the append. Needs `capabilities.appendConditions`.
 *
 * - A stream that is read but not written stands where the decision saw it.
 * - No event that matches the filter has been appended behind a position: what a decision over several streams
 *   has read is still all there is.
 *
 * @example
 * { filter: { types: ["ledger.AccountOpened"] }, noEventAfter: scannedTo }
 */
export type AppendCondition =
  | { readonly streamId: string; readonly expectedRevision: ExpectedRevision }
  | { readonly filter: EventFilter; readonly noEventAfter: bigint };
