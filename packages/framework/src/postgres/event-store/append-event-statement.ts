import type { AppendOutcome } from "../../event-store/event-store.ts";
import { partitionHash } from "../../subscription/partition-hash.ts";
import type { CallValue, TextFields } from "./append-connection.ts";
import { expectation, type AppendCall } from "./append-statement.ts";
import type { Catalogue } from "./catalogue.ts";
import { parseBytes, parseNumber } from "./text-fields.ts";

const inputs =
  "text text int4 int8 uuid int4 int2 int4 uuid uuid bytea bytea text text bytea bytea int8".split(" ");
const outputCount = 7;

/** The call of `append_event` in this (quoted) database schema. */
export function appendEventStatementText(schema: string): string {
  const values = inputs.map((type, index) => `$${index + 1}::${type}`);
  return `call ${schema}.append_event(${[...values, ...Array<string>(outputCount).fill("null")].join(", ")})`;
}

/** The procedure's arguments; `null` when this call has to go the long way. */
export function appendEventArguments(call: AppendCall, catalogue: Catalogue): CallValue[] | null {
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
    String(partitionHash(`${tenant}\0${streamId}`)),
    String(expectation(expectedRevision)),
    event.eventId,
    String(typeNo),
    String(event.eventVersion),
    String(schemaNo),
    event.correlationId,
    event.causationId,
    asBuffer(event.data),
    asBuffer(event.meta),
    idempotency?.identity.principal ?? null,
    idempotency?.identity.key ?? null,
    idempotency === null ? null : asBuffer(idempotency.requestHash),
    idempotency === null ? null : asBuffer(idempotency.body),
    idempotency === null ? null : String(Math.ceil(idempotency.timeToLiveMs)),
  ];
}

/** The outcome of the call that {@link appendEventArguments} was made of. */
export function appendEventOutcome(call: AppendCall, answer: TextFields): AppendOutcome {
  const [status, position, revision, requestHash, body, recordRevision, recordPosition] = answer;
  const [stream] = call.streams;
  if (status === "0")
    return { status: "appended", revisions: [parseNumber(revision)], position: parseNumber(position) };
  if (status === "1" && stream !== undefined) {
    const { streamId, expectedRevision = "any" } = stream;
    return { status: "conflict", streamId, expected: expectedRevision, actual: parseNumber(revision) };
  }
  const event = stream?.events[0];
  if (status === "2" && event !== undefined)
    return { status: "duplicate-event", eventId: event.eventId.toLowerCase() };
  if (status === "3" && typeof requestHash === "string" && typeof body === "string") {
    const record = {
      requestHash: parseBytes(requestHash),
      body: parseBytes(body),
      revision: parseNumber(recordRevision),
      position: parseNumber(recordPosition),
    };
    return { status: "already-recorded", record };
  }
  throw new Error(`append_event answered with status ${status}, which has no meaning here`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
