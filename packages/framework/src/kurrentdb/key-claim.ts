import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { IdempotencyEntry, IdempotencyIdentity } from "../event-store/idempotency-record.ts";
import type { PlacedRecord } from "./event-envelope.ts";
import type { KurrentDbEventData } from "./kurrentdb-client.ts";

const claimData = z.object({
  requestHash: z.string(),
  body: z.string(),
  expiresAt: z.number(),
  /** Name of the stream on the server; `null` for an answer without events. */
  stream: z.string().nullable(),
  /** The revision that the append expects, `null` for no stream. */
  after: z.string().nullable(),
  eventId: z.string().nullable(),
  events: z.number(),
});

/** Where the events of a claimed append would stand. */
export interface ClaimedPlace {
  readonly stream: string;
  /** `null`: no stream is expected. */
  readonly after: bigint | null;
  readonly eventId: string;
  readonly events: number;
}

/** What stands in the stream of an idempotency key. */
export interface KeyClaim {
  /** Revision in the stream of the key. */
  readonly revision: bigint;
  readonly createdAt: Date;
  readonly expiresAt: number;
  readonly requestHash: Uint8Array;
  readonly body: Uint8Array;
  /** `null` for an answer without events. */
  readonly place: ClaimedPlace | null;
}

export function keyStream(reserved: string, { tenant, principal, key }: IdempotencyIdentity): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([tenant, principal, key]))
    .digest("hex");
  return `${reserved}key-${digest}`;
}

export function claimEvent(entry: IdempotencyEntry, place: ClaimedPlace | null): KurrentDbEventData {
  const data: z.infer<typeof claimData> = {
    requestHash: Buffer.from(entry.requestHash).toString("base64"),
    body: Buffer.from(entry.body).toString("base64"),
    expiresAt: Date.now() + entry.timeToLiveMs,
    stream: place?.stream ?? null,
    after: place?.after?.toString() ?? null,
    eventId: place?.eventId ?? null,
    events: place?.events ?? 0,
  };
  return {
    id: randomUUID(),
    contentType: "application/json",
    type: "tidemark.KeyClaim",
    data,
    metadata: undefined,
  };
}

export function parseClaim(record: PlacedRecord): KeyClaim {
  const { requestHash, body, expiresAt, stream, after, eventId, events } = claimData.parse(record.data);
  return {
    revision: record.revision,
    createdAt: record.created,
    expiresAt,
    requestHash: Buffer.from(requestHash, "base64"),
    body: Buffer.from(body, "base64"),
    place:
      stream === null || eventId === null
        ? null
        : { stream, after: after === null ? null : BigInt(after), eventId, events },
  };
}
