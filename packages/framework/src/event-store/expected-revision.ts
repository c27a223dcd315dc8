/**
 * What an append demands of its stream: an exact last revision, no stream at all, at least one event,
 * or nothing.
 */
export type ExpectedRevision = bigint | "no-stream" | "stream-exists" | "any";

/** Revisions are kept in 64 bits. */
export const lastPossibleRevision = 9_223_372_036_854_775_807n;

/** Whether a stream whose last revision is `actual` (`null`: no such stream) meets the expectation. */
export function meetsExpectation(expected: ExpectedRevision, actual: bigint | null): boolean {
  if (expected === "any") return true;
  if (expected === "no-stream") return actual === null;
  if (expected === "stream-exists") return actual !== null;
  return expected === actual;
}
