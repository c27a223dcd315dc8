import type { AppendOutcome } from "../../event-store/event-store.ts";
import { partitionHash } from "../../subscription/partition-hash.ts";
import { expectation, type AppendCall } from "./append-statement.ts";
import type { Catalogue } from "./catalogue.ts";

/** The answer of `append_event`: see its comment in sql/0003_append.sql. */
export interface AppendEventRow {
  readonly status: number;
  readonly last_position: bigint | null;
  readonly last_revision: bigint | null;
  readonly record_request_hash: Buffer | null;
  readonly record_body: Buffer | null;
  readonly record_revision: bigint | null;
  readonly record_position: bigint | null;
}

const inputs =
  "text text int4 int8 uuid int4 int2 int4 uuid uuid bytea bytea text text bytea bytea int8".split(" ");
const outputCount = 7;

/** The call of `append_event` in this (quoted) database schema. */
export function appendEventStatementText(schema: string): string {
  const values = inputs.map((type, index) => `$${index + 1}::${type}`);
  return `call ${schema}.append_event(${[...values, ...Array<string>(outputCount).fill("null")].join(", ")})`;
}

/** The procedure's arguments; `null` when this call has to go the long way. */
export function appendEventArguments(call: AppendCall, catalogue: Catalogue): unknown[] | null {
  const [stream, ...otherStreams] = call.streams;
  const [event, ...otherEvents] = stream?.events ?? [];
  if (stream === undefined || event === undefined || otherStreams.length > 0 || otherEvents.length > 0)
    return null;
  const typeNo = catalogue.typeNo(event.type);
  const schemaNo = catalogue.schemaNo(event.schema.sha256);
  if (call.conditions.length > 0 || typeNo === undefined || schemaNo === undefined) return null;
  const { tenant, idempotency } = call;
  const { streamId, expectedRevision = "any" } = stream;
  return [
    tenant,
    streamId,
    partitionHash(`${tenant}\0${streamId}`),
    expectation(expectedRevision),
    event.eventId,
    typeNo,
    event.eventVersion,
    schemaNo,
    event.correlationId,
    event.causationId,
    asBuffer(event.data),
    asBuffer(event.meta),
    idempotency?.identity.principal ?? null,
    idempotency?.identity.key ?? null,
    idempotency === null ? null : asBuffer(idempotency.requestHash),
    idempotency === null ? null : asBuffer(idempotency.body),
    idempotency === null ? null : Math.ceil(idempotency.timeToLiveMs),
  ];
}

/** The outcome of the call that {@link appendEventArguments} was made of. */
export function appendEventOutcome(call: AppendCall, row: AppendEventRow): AppendOutcome {
  const [stream] = call.streams;
  const { status, last_position: position, last_revision: revision } = row;
  if (status === 0) return { status: "appended", revisions: [revision], position };
  if (status === 1 && stream !== undefined) {
    const { streamId, expectedRevision = "any" } = stream;
    return { status: "conflict", streamId, expected: expectedRevision, actual: revision };
  }
  const event = stream?.events[0];
  if (status === 2 && event !== undefined)
    return { status: "duplicate-event", eventId: event.eventId.toLowerCase() };
  const { record_request_hash: requestHash, record_body: body } = row;
  if (status === 3 && requestHash !== null && body !== null) {
    const record = { requestHash, body, revision: row.record_revision, position: row.record_position };
    return { status: "already-recorded", record };
  }
  throw new Error(`append_event answered with status ${status}, which has no meaning here`);
}

/** The driver sends a Buffer as it is; of another array it would make text. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
