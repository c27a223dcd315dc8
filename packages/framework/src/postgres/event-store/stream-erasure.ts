import { checkErasureRequest } from "../../event-store/check-erasure-request.ts";
import type { ErasureOutcome, ErasureRequest } from "../../event-store/erasure.ts";
import { lastPossibleRevision } from "../../event-store/expected-revision.ts";
import { checkStreamId } from "../../event-store/stream-id.ts";
import type { LogReader } from "./log-reader.ts";
import { streamNotFound } from "./stream-metadata.ts";

/** Erases at once. @throws TidemarkError `stream-not-found`, `validation-failed`. */
export async function eraseStream(
  { connections, schema }: LogReader,
  streamId: string,
  request: ErasureRequest,
): Promise<ErasureOutcome & { readonly status: "erased" }> {
  checkStreamId(streamId);
  checkErasureRequest(request);
  const { tenant = "", from = 0n, to = lastPossibleRevision, requestedBy, reason } = request;
  const [row] = await connections.query<[erased: string, types: string | null]>({
    writes: true,
    text: `select e.erased, array_to_string(e.types, ',')
           from ${schema}.streams s cross join lateral ${schema}.erase_events(s.tenant, s.stream_id, $3,
             least($4, ${schema}.last_revision(s.stream_no, s.revision)), $5, $6) e
           where s.tenant = $1 and s.stream_id = $2`,
    values: [tenant, streamId, from, to, requestedBy, reason],
  });
  if (row === undefined) throw streamNotFound(streamId);
  const [erased, types] = row;
  // The name of a record has no comma.
  return { status: "erased", events: BigInt(erased), types: types === null ? [] : types.split(",") };
}

/** Records an erasure that is carried out later. @throws TidemarkError `stream-not-found`, `validation-failed`. */
export async function scheduleErasure(
  { connections, schema }: LogReader,
  streamId: string,
  request: ErasureRequest & { readonly at: Date },
): Promise<ErasureOutcome & { readonly status: "scheduled" }> {
  checkStreamId(streamId);
  checkErasureRequest(request);
  const { tenant = "", from = 0n, to = null, requestedBy, reason, at } = request;
  const rows = await connections.query({
    writes: true,
    text: `insert into ${schema}.scheduled_erasures
             (stream_no, first_revision, last_revision, requested_by, reason, due_at, retry_at)
           select s.stream_no, $3, $4, $5, $6, $7, $7 from ${schema}.streams s
           where s.tenant = $1 and s.stream_id = $2 returning request_no`,
    values: [tenant, streamId, from, to, requestedBy, reason, at.toISOString()],
  });
  if (rows.length === 0) throw streamNotFound(streamId);
  return { status: "scheduled", at };
}
