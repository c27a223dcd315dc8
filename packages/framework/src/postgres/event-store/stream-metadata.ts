import { TidemarkError } from "../../errors.ts";
import { checkStreamMetadata } from "../../event-store/check-stream-metadata.ts";
import { checkStreamId, checkTenant } from "../../event-store/stream-id.ts";
import type { StreamMetadata } from "../../event-store/stream-metadata.ts";
import type { LogReader } from "./log-reader.ts";

/** Empty when nothing bounds the stream, or when there is none. */
export async function readStreamMetadata(
  { connections, schema }: LogReader,
  streamId: string,
  tenant: string,
): Promise<StreamMetadata> {
  checkStreamId(streamId);
  checkTenant(tenant);
  const [row] = await connections.query<(string | null)[]>({
    name: "tidemark_stream_metadata",
    text: `select m.max_count, m.max_age_seconds, m.truncate_before
           from ${schema}.streams s join ${schema}.stream_metadata m using (stream_no)
           where s.tenant = $1 and s.stream_id = $2 and not s.deleted`,
    values: [tenant, streamId],
  });
  const [maxCount = null, maxAgeSeconds = null, truncateBefore = null] = row ?? [];
  return {
    ...(maxCount !== null && { maxCount: Number(maxCount) }),
    ...(maxAgeSeconds !== null && { maxAgeSeconds: Number(maxAgeSeconds) }),
    ...(truncateBefore !== null && { truncateBefore: BigInt(truncateBefore) }),
  };
}

/** @throws TidemarkError `stream-not-found`, `validation-failed`. */
export async function writeStreamMetadata(
  { connections, schema }: LogReader,
  streamId: string,
  tenant: string,
  metadata: StreamMetadata,
): Promise<void> {
  checkStreamId(streamId);
  checkTenant(tenant);
  checkStreamMetadata(metadata);
  const { maxCount = null, maxAgeSeconds = null, truncateBefore = null } = metadata;
  const rows = await connections.query({
    writes: true,
    text: `insert into ${schema}.stream_metadata (stream_no, max_count, max_age_seconds, truncate_before)
           select s.stream_no, $3, $4, $5 from ${schema}.streams s
           where s.tenant = $1 and s.stream_id = $2 and not s.deleted
           on conflict (stream_no) do update set max_count = excluded.max_count,
             max_age_seconds = excluded.max_age_seconds, truncate_before = excluded.truncate_before
           returning stream_no`,
    values: [tenant, streamId, maxCount, maxAgeSeconds, truncateBefore],
  });
  if (rows.length === 0) throw streamNotFound(streamId);
}

/** A misspelt name must not be taken for a stream that is bounded or erased. */
export function streamNotFound(streamId: string): TidemarkError {
  return new TidemarkError(
    "stream-not-found",
    `There is no stream ${JSON.stringify(streamId)} with events: check its name and tenant.`,
  );
}
