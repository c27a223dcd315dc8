import type { AppendOutcome } from "../../event-store/event-store.ts";
import type { AppendCall } from "./append-statement.ts";

/** The one row that `append_events` answers with: an element a call, or a stream in `revisions`. */
export interface AppendRow {
  readonly statuses: readonly number[];
  readonly positions: readonly (bigint | null)[];
  readonly revisions: readonly (bigint | null)[] | null;
  readonly conflicts: readonly (number | null)[];
  readonly duplicates: readonly (string | null)[];
  readonly record_request_hashes: readonly (Buffer | null)[] | null;
  readonly record_bodies: readonly (Buffer | null)[] | null;
  readonly record_revisions: readonly (bigint | null)[] | null;
  readonly record_positions: readonly (bigint | null)[] | null;
  readonly condition_evidence: bigint | null;
}

/** Each call's own outcome. */
export function appendOutcomes(calls: readonly AppendCall[], row: AppendRow): AppendOutcome[] {
  let stream = 0;
  return calls.map((call, index) => {
    const first = stream;
    stream += call.streams.length;
    return outcomeOf(call, index, first, row);
  });
}

function outcomeOf(call: AppendCall, index: number, firstStream: number, row: AppendRow): AppendOutcome {
  const status = row.statuses[index];
  switch (status) {
    case 0: {
      const end = firstStream + call.streams.length;
      return {
        status: "appended",
        revisions: row.revisions?.slice(firstStream, end) ?? [],
        position: row.positions[index] ?? null,
      };
    }
    case 1: {
      const place = (row.conflicts[index] ?? 0) - 1;
      const stream = call.streams[place - firstStream];
      if (stream === undefined) throw unexpected(status, index);
      return {
        status: "conflict",
        streamId: stream.streamId,
        expected: stream.expectedRevision ?? "any",
        actual: row.revisions?.[place] ?? null,
      };
    }
    case 2: {
      const eventId = row.duplicates[index] ?? null;
      if (eventId === null) throw unexpected(status, index);
      return { status: "duplicate-event", eventId };
    }
    case 3: {
      const requestHash = row.record_request_hashes?.[index] ?? null;
      const body = row.record_bodies?.[index] ?? null;
      if (requestHash === null || body === null) throw unexpected(status, index);
      return {
        status: "already-recorded",
        record: {
          requestHash,
          body,
          revision: row.record_revisions?.[index] ?? null,
          position: row.record_positions?.[index] ?? null,
        },
      };
    }
    case 4:
    case 5:
      return brokenCondition(call, (row.conflicts[index] ?? 0) - 1, row.condition_evidence);
    default:
      throw unexpected(status, index);
  }
}

function brokenCondition(call: AppendCall, place: number, evidence: bigint | null): AppendOutcome {
  const condition = call.conditions[place];
  if (condition === undefined) throw new Error(`append_events names condition ${place}, which was not given`);
  if ("streamId" in condition) {
    const { streamId, expectedRevision } = condition;
    return { status: "conflict", streamId, expected: expectedRevision, actual: evidence };
  }
  if (evidence === null)
    throw new Error("append_events names no position for a condition that does not hold");
  return { status: "condition-failed", condition, position: evidence };
}

function unexpected(status: number | undefined, index: number): Error {
  return new Error(`append_events answered call ${index} with status ${status}, which has no meaning here`);
}
