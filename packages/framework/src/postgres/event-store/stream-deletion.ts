import { checkExpectedRevision } from "../../event-store/check-append.ts";
import type { AppendOutcome, DeleteStreamOptions } from "../../event-store/event-store.ts";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
import { checkStreamId, checkTenant } from "../../event-store/stream-id.ts";
import type { LogReader } from "./log-reader.ts";

const expectations = { any: -1n, "no-stream": -2n, "stream-exists": -3n } as const;

/** Soft delete, in turn with the appends: see `EventStore.deleteStream`. */
export async function deleteStream(
  { connections, schema }: LogReader,
  streamId: string,
  { tenant = "", expectedRevision = "stream-exists" }: DeleteStreamOptions,
): Promise<{ readonly status: "deleted" } | (AppendOutcome & { readonly status: "conflict" })> {
  checkStreamId(streamId);
  checkTenant(tenant);
  checkExpectedRevision(streamId, expectedRevision);
  const [row] = await connections.query<[met: string, actual: string | null]>({
    writes: true,
    text: `call ${schema}.delete_stream($1, $2, $3, null, null)`,
    values: [tenant, streamId, expectationNumber(expectedRevision)],
  });
  if (row === undefined) throw new Error("delete_stream returned no row");
  const [met, actual] = row;
  if (met === "t") return { status: "deleted" };
  const last = actual === null ? null : BigInt(actual);
  return { status: "conflict", streamId, expected: expectedRevision, actual: last };
}

function expectationNumber(expected: ExpectedRevision): bigint {
  return typeof expected === "bigint" ? expected : expectations[expected];
}
