import type { AppendOutcome } from "../../event-store/event-store.ts";
import type { TextFields } from "./append-connection.ts";
import type { AppendCall } from "./append-statement.ts";
import { parseArray, parseBytesArray, parseNumber } from "./text-fields.ts";

/** The answer of `append_events`: see its comment in sql/0003_append.sql. */
export interface AppendAnswer {
  /** Each call's own outcome. */
  readonly outcomes: readonly AppendOutcome[];
  /** Whether another process was appending. */
  readonly waited: boolean;
}

/** Elements a call, or a stream in `revisions`. */
interface Arrays {
  readonly revisions: readonly (string | null)[];
  readonly statuses: readonly (string | null)[];
  readonly positions: readonly (string | null)[] | null;
  readonly conflicts: readonly (string | null)[] | null;
  readonly duplicates: readonly (string | null)[] | null;
  readonly records: {
    readonly requestHashes: readonly (Buffer | null)[] | null;
    readonly bodies: readonly (Buffer | null)[] | null;
    readonly revisions: readonly (string | null)[] | null;
    readonly positions: readonly (string | null)[] | null;
  };
  readonly evidence: bigint | null;
}

export function appendAnswer(calls: readonly AppendCall[], fields: TextFields): AppendAnswer {
  const [waited, head, revisionField, statusField, positions, conflicts, duplicates, ...others] = fields;
  const revisions = parseArray(revisionField) ?? [];
  const statuses = parseArray(statusField);
  if (statuses === null)
    return { outcomes: allAppended(calls, BigInt(head ?? 0), revisions), waited: waited === "t" };
  const [requestHashes, bodies, recordRevisions, recordPositions, evidence] = others;
  const arrays: Arrays = {
    revisions,
    statuses,
    positions: parseArray(positions),
    conflicts: parseArray(conflicts),
    duplicates: parseArray(duplicates),
    records: {
      requestHashes: parseBytesArray(requestHashes),
      bodies: parseBytesArray(bodies),
      revisions: parseArray(recordRevisions),
      positions: parseArray(recordPositions),
    },
    evidence: parseNumber(evidence),
  };
  let stream = 0;
  const outcomes = calls.map((call, index) => {
    const first = stream;
    stream += call.streams.length;
    return outcomeOf(call, index, first, arrays);
  });
  return { outcomes, waited: waited === "t" };
}

/** @param before the streams' last revisions before the set */
function allAppended(
  calls: readonly AppendCall[],
  head: bigint,
  before: readonly (string | null)[],
): AppendOutcome[] {
  let position = head;
  let stream = 0;
  return calls.map(({ streams }) => {
    const revisions = streams.map(({ events }) => {
      const count = BigInt(events.length);
      const last = before[stream] ?? null;
      stream += 1;
      position += count;
      return (last === null ? -1n : BigInt(last)) + count;
    });
    return { status: "appended", revisions, position: revisions.length === 0 ? null : position };
  });
}

function outcomeOf(call: AppendCall, index: number, firstStream: number, arrays: Arrays): AppendOutcome {
  const status = arrays.statuses[index];
  switch (status) {
    case "0": {
      const revisions = arrays.revisions.slice(firstStream, firstStream + call.streams.length);
      return {
        status: "appended",
        revisions: revisions.map(parseNumber),
        position: parseNumber(arrays.positions?.[index]),
      };
    }
    case "1": {
      const place = Number(arrays.conflicts?.[index] ?? 0) - 1;
      const stream = call.streams[place - firstStream];
      if (stream === undefined) throw unexpected(status, index);
      return {
        status: "conflict",
        streamId: stream.streamId,
        expected: stream.expectedRevision ?? "any",
        actual: parseNumber(arrays.revisions[place]),
      };
    }
    case "2": {
      const eventId = arrays.duplicates?.[index] ?? null;
      if (eventId === null) throw unexpected(status, index);
      return { status: "duplicate-event", eventId };
    }
    case "3": {
      const { records } = arrays;
      const requestHash = records.requestHashes?.[index] ?? null;
      const body = records.bodies?.[index] ?? null;
      if (requestHash === null || body === null) throw unexpected(status, index);
      return {
        status: "already-recorded",
        record: {
          requestHash,
          body,
          revision: parseNumber(records.revisions?.[index]),
          position: parseNumber(records.positions?.[index]),
        },
      };
    }
    case "4":
    case "5":
      return brokenCondition(call, Number(arrays.conflicts?.[index] ?? 0) - 1, arrays.evidence);
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

function unexpected(status: string | null | undefined, index: number): Error {
  return new Error(`append_events answered call ${index} with status ${status}, which has no meaning here`);
}
