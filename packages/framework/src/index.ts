export {
  defineAggregate,
  fold,
  type Aggregate,
  type AnyAggregate,
  type CommandDefinition,
  type CommandInput,
  type CommandName,
  type DecideContext,
  type Decider,
  type Decision,
  type EvolveHandlers,
} from "./aggregate/define-aggregate.ts";
export { Application, createApplication, type ApplicationOptions } from "./application/application.ts";
export { defineApplication, type ApplicationDefinition } from "./application/define-application.ts";
export type { RegisterMode } from "./application/register-event-schemas.ts";
export type { Storage } from "./application/storage.ts";
export type { CommandOptions } from "./command/command-options.ts";
export type { CommandResult, NewlyRecordedEvent } from "./command/command-result.ts";
export {
  DomainError,
  errorTable,
  TidemarkError,
  type ErrorCode,
  type FieldError,
  type RefusalKind,
} from "./errors.ts";
export {
  defineEvent,
  type AnyEventDefinition,
  type EventData,
  type EventDefinition,
  type EventVersion,
  type NewEvent,
} from "./event/define-event.ts";
export type { EventMetadata } from "./event/event-metadata.ts";
export type { EventSchema } from "./event/event-schema.ts";
export { EventSerializer, type EventContext, type SchemaLookup } from "./event/event-serializer.ts";
export type { RecordedEvent } from "./event/recorded-event.ts";
export type { EventEncoding, EventToAppend, StoredEvent } from "./event/stored-event.ts";
export { formatConsistencyToken, parseConsistencyToken } from "./event-store/consistency-token.ts";
export type {
  AppendOptions,
  AppendOutcome,
  EventFilter,
  EventPage,
  EventStore,
  EventStoreCapabilities,
  ReadAllOptions,
  ReadStreamOptions,
  StreamAppend,
} from "./event-store/event-store.ts";
export { meetsExpectation, type ExpectedRevision } from "./event-store/expected-revision.ts";
export type {
  IdempotencyEntry,
  IdempotencyIdentity,
  IdempotencyRecord,
} from "./event-store/idempotency-record.ts";
export { checkStreamId, maxStreamIdBytes, splitStreamId, streamIdOf } from "./event-store/stream-id.ts";
export { silentLogger, type Logger } from "./telemetry/logger.ts";
