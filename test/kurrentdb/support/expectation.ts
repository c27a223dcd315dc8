import type { AppendExpectedRevision } from "@eventstore/db-client";
import { clientLibrary } from "./client-library.ts";

const isSuccessor = clientLibrary === "@kurrent/kurrentdb-client";

/** The option of an append or delete that names the expected revision, under the names of both libraries. */
export function expecting<T extends AppendExpectedRevision>(
  expected: T,
): { expectedRevision: T; streamState: T } {
  return { expectedRevision: expected, streamState: expected };
}

/** The fields of a conflict, under the names of the library. */
export function conflict(fields: { stream?: string; expected?: unknown; actual?: unknown }): object {
  const { stream, expected, actual } = fields;
  return {
    type: "wrong-expected-version",
    ...(stream !== undefined && { streamName: stream }),
    ...(expected !== undefined && { [isSuccessor ? "expectedState" : "expectedVersion"]: expected }),
    ...(actual !== undefined && { [isSuccessor ? "actualState" : "actualVersion"]: actual }),
  };
}
