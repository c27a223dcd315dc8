import { TidemarkError } from "../errors.ts";
import type { AppendCondition } from "./append-condition.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { AppendLimits } from "./append-limits.ts";
import type { AppendOptions, StreamAppend } from "./event-store.ts";
import { lastPossibleRevision, type ExpectedRevision } from "./expected-revision.ts";
import type { IdempotencyIdentity } from "./idempotency-record.ts";
import { checkStreamId, checkTenant, forbiddenCharacters } from "./stream-id.ts";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const recordName = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const maxIdentityBytes = 255;
const maxEventVersion = 32_767;

/**
 * Checks everything about an append that needs no database, so that nothing which the database refuses is ever sent
 * beside another caller's append. Stores call it first.
 *
 * @returns the id of an event that occurs twice in this append, or `null`.
 * @throws TidemarkError `stream-name-invalid`, `validation-failed` for an expected revision or a
 * condition that is none, `event-invalid`, `event-too-large` or `idempotency-key-invalid`.
 */
export function checkAppend(
  appends: readonly StreamAppend[],
  options: AppendOptions,
  limits: AppendLimits,
): string | null {
  if (options.tenant !== undefined) checkTenant(options.tenant);
  if (options.idempotency !== undefined) {
    checkIdempotencyIdentity(options.idempotency.identity);
    if (options.idempotency.body.length > limits.appendBytes)
      tooLarge(
        `The body of the idempotency record has ${options.idempotency.body.length} bytes`,
        `${limits.appendBytes} bytes`,
      );
    if (options.idempotency.identity.tenant !== (options.tenant ?? ""))
      refuseKey("The idempotency key must belong to the tenant of the append");
  }
  for (const condition of options.conditions ?? []) checkCondition(condition);
  let count = 0;
  for (const { events } of appends) count += events.length;
  // One event to one stream is what most appends are: it repeats nothing.
  const streamIds = appends.length > 1 ? new Set<string>() : null;
  const eventIds = count > 1 ? new Set<string>() : null;
  let repeated: string | null = null;
  let bytes = 0;
  for (const { streamId, events, expectedRevision } of appends) {
    checkStreamId(streamId);
    checkExpectedRevision(streamId, expectedRevision);
    if (streamIds?.has(streamId) === true) {
      const name = JSON.stringify(streamId);
      throw new TidemarkError(
        "stream-name-invalid",
        `The stream ${name} occurs twice in one append: put all of its events into one entry.`,
      );
    }
    streamIds?.add(streamId);
    for (const event of events) {
      bytes += checkEvent(event, limits);
      if (eventIds === null) continue;
      const id = event.eventId.toLowerCase();
      if (eventIds.has(id)) repeated ??= id;
      eventIds.add(id);
    }
  }
  if (count > limits.appendEvents)
    tooLarge(`The append has ${count} events`, `${limits.appendEvents} events`);
  if (bytes > limits.appendBytes) tooLarge(`The append has ${bytes} bytes`, `${limits.appendBytes} bytes`);
  return repeated;
}

/** @throws TidemarkError `idempotency-key-invalid` */
export function checkIdempotencyIdentity({ tenant, principal, key }: IdempotencyIdentity): void {
  checkTenant(tenant);
  if (key === "") refuseKey("The idempotency key must not be empty");
  for (const [name, value] of [
    ["principal", principal],
    ["idempotency key", key],
  ] as const) {
    if (forbiddenCharacters.test(value))
      refuseKey(`The ${name} must not contain control characters or lone surrogates`);
    if (Buffer.byteLength(value) > maxIdentityBytes)
      refuseKey(`The ${name} must have at most ${maxIdentityBytes} bytes`);
  }
}

/** @throws TidemarkError `validation-failed` */
export function checkExpectedRevision(streamId: string, expected: ExpectedRevision | undefined): void {
  if (typeof expected !== "bigint" || (expected >= 0n && expected <= lastPossibleRevision)) return;
  const message = 'must be a revision from 0, "no-stream", "stream-exists" or "any"';
  throw new TidemarkError(
    "validation-failed",
    `The expected revision ${expected} of ${JSON.stringify(streamId)} ${message}.`,
    { errors: [{ field: "expectedRevision", rule: "range", message }] },
  );
}

function checkCondition(condition: AppendCondition): void {
  if ("streamId" in condition) {
    checkStreamId(condition.streamId);
    checkExpectedRevision(condition.streamId, condition.expectedRevision);
    return;
  }
  const { filter, noEventAfter } = condition;
  if (noEventAfter < 0n || noEventAfter > lastPossibleRevision)
    refuseCondition(
      "noEventAfter",
      "range",
      "must be a position that a read has reported, or 0 for the start",
    );
  for (const name of filter.types ?? []) {
    if (!recordName.test(name))
      refuseCondition("filter.types", "record-name", "must be full names of Avro records");
  }
  for (const name of filter.categories ?? []) {
    if (name === "" || name.includes("-") || forbiddenCharacters.test(name))
      refuseCondition("filter.categories", "category", "must be names of aggregates, without a hyphen");
  }
}

function refuseCondition(field: string, rule: string, message: string): never {
  throw new TidemarkError("validation-failed", `An append condition is not valid: its ${field} ${message}.`, {
    errors: [{ field: `conditions.${field}`, rule, message }],
  });
}

function checkEvent(event: EventToAppend, limits: AppendLimits): number {
  const { type, eventVersion, data, meta } = event;
  if (!isRecordName(type)) refuse(type, "type", "must be the full name of an Avro record");
  if (!uuid.test(event.eventId)) refuse(type, "eventId", "must be a uuid");
  if (event.correlationId !== null && !uuid.test(event.correlationId))
    refuse(type, "correlationId", "must be a uuid or null");
  if (event.causationId !== null && !uuid.test(event.causationId))
    refuse(type, "causationId", "must be a uuid or null");
  if (!Number.isInteger(eventVersion) || eventVersion < 1 || eventVersion > maxEventVersion)
    refuse(type, "eventVersion", `must be a whole number from 1 to ${maxEventVersion}`);
  const bytes = data.length + meta.length;
  if (bytes > limits.eventBytes)
    tooLarge(`The event ${type} has ${bytes} bytes`, `${limits.eventBytes} bytes`);
  return bytes;
}

const knownRecordNames = new Set<string>();
const mostKnownRecordNames = 1_000;

/** Applications append events of few types again and again. */
function isRecordName(type: string): boolean {
  if (knownRecordNames.has(type)) return true;
  if (!recordName.test(type)) return false;
  if (knownRecordNames.size < mostKnownRecordNames) knownRecordNames.add(type);
  return true;
}

function refuse(type: string, field: string, rule: string): never {
  const name = JSON.stringify(type.slice(0, 80));
  throw new TidemarkError("event-invalid", `The event ${name} cannot be stored: its ${field} ${rule}.`, {
    errors: [{ field, rule: "stored-form", message: rule }],
  });
}

function refuseKey(rule: string): never {
  throw new TidemarkError("idempotency-key-invalid", `${rule}.`);
}

function tooLarge(fact: string, limit: string): never {
  throw new TidemarkError(
    "event-too-large",
    `${fact}, the limit is ${limit}: store large content elsewhere and refer to it, split the append, or raise the limit.`,
  );
}
