import type { AnyAggregate } from "../aggregate/define-aggregate.ts";
import { DomainError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { IdempotencyIdentity, IdempotencyRecord } from "../event-store/idempotency-record.ts";
import { streamIdOf } from "../event-store/stream-id.ts";
import { commandResult, type CommandResult, type NewlyRecordedEvent } from "./command-result.ts";
import { keyReused } from "./in-flight-requests.ts";
import { decodeAnswer, type RecordedAnswer } from "./recorded-answer.ts";

/** A request that came with an idempotency key. */
export interface KeyedRequest {
  readonly aggregate: AnyAggregate;
  readonly identity: IdempotencyIdentity;
  /** sha256 over operation, target and parsed input. */
  readonly hash: Uint8Array;
}

interface AnswerSource {
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
}

/**
 * The first answer to the request's key, `null` when none is kept.
 *
 * @throws DomainError when that was a refusal; TidemarkError `idempotency-key-reused` when it answered another request.
 */
export async function findAnswer(source: AnswerSource, request: KeyedRequest): Promise<CommandResult | null> {
  const record = await source.eventStore.findIdempotencyRecord(request.identity);
  return record === null ? null : replayAnswer(source, request, record);
}

/** The answer of this record again: the same result, or the same refusal. Throws like {@link findAnswer}. */
export async function replayAnswer(
  source: AnswerSource,
  request: KeyedRequest,
  record: IdempotencyRecord,
): Promise<CommandResult> {
  if (!Buffer.from(record.requestHash).equals(request.hash)) throw keyReused();
  const answer = decodeAnswer(record);
  if (answer.outcome === "refused") {
    throw new DomainError(answer.code, answer.message, { kind: answer.kind, details: answer.details });
  }
  const revision = record.revision ?? BigInt(answer.revision);
  const position = record.position ?? BigInt(answer.position);
  const events = await readBack(source, request, answer, revision);
  const { aggregateId } = answer;
  return commandResult(source.eventStore, { aggregateId, revision, position, events, replayed: true });
}

async function readBack(
  { eventStore, serializer }: AnswerSource,
  { aggregate, identity }: KeyedRequest,
  answer: Extract<RecordedAnswer, { outcome: "accepted" }>,
  revision: bigint,
): Promise<readonly NewlyRecordedEvent[]> {
  if (answer.events === 0) return [];
  const streamId = streamIdOf(aggregate.name, answer.aggregateId);
  const from = revision - BigInt(answer.events) + 1n;
  const stored = [];
  const options = { tenant: identity.tenant, from, limit: answer.events };
  for await (const event of eventStore.readStream(streamId, options)) stored.push(event);
  return serializer.decodeAll(stored, (sha256) => eventStore.schema(sha256));
}
