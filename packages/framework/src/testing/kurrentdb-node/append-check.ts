import type { LogRecord } from "./log-record.ts";

/** A revision, -1 for "no stream", or a rule. */
export type ExpectedRevision = number | "any" | "stream-exists";

/** What the check needs to know of a stream. */
export interface CheckedStream {
  /** -1 when it was never written. */
  readonly lastRevision: number;
  readonly isTombstoned: boolean;
  readonly isSoftDeleted: boolean;
  readonly hasMetadata: boolean;
  recordAt(revision: number): LogRecord | undefined;
  findRecentId(id: string): LogRecord | undefined;
}

export type AppendDecision =
  | { readonly kind: "append" }
  | { readonly kind: "idempotent"; readonly last: LogRecord }
  | { readonly kind: "wrong-expected-version" }
  | { readonly kind: "stream-deleted" };

const append: AppendDecision = { kind: "append" };
const wrong: AppendDecision = { kind: "wrong-expected-version" };

/** Decides an append as the server's index writer does (CheckCommit), with both rules of idempotency. */
export function checkAppend(
  stream: CheckedStream,
  expected: ExpectedRevision,
  ids: readonly string[],
): AppendDecision {
  if (stream.isTombstoned) return { kind: "stream-deleted" };
  if (expected === "stream-exists") {
    const exists = !stream.isSoftDeleted && (stream.lastRevision >= 0 || stream.hasMetadata);
    if (!exists) return wrong;
  }
  if (expected === "any" || expected === "stream-exists") return checkRecentIds(stream, ids);
  if (expected < stream.lastRevision) return checkWrittenIds(stream, expected, ids);
  return expected > stream.lastRevision ? wrong : append;
}

/** Weak idempotency: the ids are known, wherever in the stream they are. */
function checkRecentIds(stream: CheckedStream, ids: readonly string[]): AppendDecision {
  let last: LogRecord | undefined;
  for (const [index, id] of ids.entries()) {
    const known = stream.findRecentId(id);
    if (known === undefined) return index === 0 ? append : wrong;
    last = known;
  }
  return last === undefined ? append : { kind: "idempotent", last };
}

/** Strong idempotency: the ids sit exactly behind the expected revision. */
function checkWrittenIds(stream: CheckedStream, expected: number, ids: readonly string[]): AppendDecision {
  const revivable = expected === -1 && stream.isSoftDeleted;
  let last: LogRecord | undefined;
  for (const [index, id] of ids.entries()) {
    const written = stream.recordAt(expected + 1 + index);
    if (written?.id !== id) return index === 0 && revivable ? append : wrong;
    last = written;
  }
  if (last !== undefined) return { kind: "idempotent", last };
  return revivable ? append : wrong;
}
