import type { IdempotencyRecord } from "../event-store/idempotency-record.ts";
import type { ClaimedPlace, KeyClaim } from "./key-claim.ts";
import type { RecordReader } from "./record-reader.ts";
import { isDeleted } from "./stream-bounds.ts";

/**
 * What became of a claim.
 *
 * - `recorded`: its events are there, so its answer is the key's.
 * - `open`: its place is still empty, the append may yet come.
 * - `free`: it has expired, or its place belongs to another event: it will never be more than a claim.
 */
export type ClaimVerdict =
  { readonly status: "recorded"; readonly record: IdempotencyRecord } | { readonly status: "open" | "free" };

export async function claimVerdict(reader: RecordReader, claim: KeyClaim): Promise<ClaimVerdict> {
  const { requestHash, body, place } = claim;
  if (claim.expiresAt <= Date.now()) return { status: "free" };
  const unplaced = {
    status: "recorded",
    record: { requestHash, body, revision: null, position: null },
  } as const;
  if (place === null) return unplaced;
  const { after, eventId, events } = place;
  const chunk = await reader.stream(place.stream, after === null ? "start" : after + 1n, {
    direction: "forwards",
    maxCount: events,
  });
  if (chunk === null) return (await isGone(reader, place)) ? unplaced : { status: "open" };
  const [first] = chunk.records;
  if (first === undefined) return { status: "open" };
  const last = chunk.records.at(-1);
  if (first.id === eventId && last !== undefined) {
    const record = { requestHash, body, revision: last.revision, position: last.commit };
    return { status: "recorded", record };
  }
  // Bounds of the stream hide the place: nobody can tell, and an answer given twice is better than a deed done twice.
  return first.revision > (after ?? -1n) + 1n ? unplaced : { status: "free" };
}

/** A deleted stream shows nothing: the events may have been there. */
async function isGone(reader: RecordReader, { stream }: ClaimedPlace): Promise<boolean> {
  return isDeleted(reader, stream);
}
