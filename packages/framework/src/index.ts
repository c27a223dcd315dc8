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
export { Application, createApplication } from "./application/application.ts";
export type {
  ApplicationLog,
  FollowedPage,
  FollowerLimits,
  FollowLogOptions,
} from "./application/application-log.ts";
export type { ApplicationOptions } from "./application/application-options.ts";
export { defineApplication, type ApplicationDefinition } from "./application/define-application.ts";
export type { RegisterMode } from "./application/register-event-schemas.ts";
export type { OpenStorage, Storage, StorageModule } from "./application/storage.ts";
export type { RebuildThreadOptions } from "./application/rebuild-thread-host.ts";
export type { CommandIntake } from "./command/command-intake.ts";
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
export type { AppendCondition } from "./event-store/append-condition.ts";
export type { ErasureOutcome, ErasureRequest } from "./event-store/erasure.ts";
export type { EventFilter } from "./event-store/event-filter.ts";
export type {
  AppendOptions,
  AppendOutcome,
  DeleteStreamOptions,
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
export type { StreamMetadata } from "./event-store/stream-metadata.ts";
export { checkStreamId, maxStreamIdBytes, splitStreamId, streamIdOf } from "./event-store/stream-id.ts";
export type {
  AnyProjection,
  FoldProjection,
  HandlersProjection,
  TablesOf,
} from "./projection/any-projection.ts";
export type { Build, BuildProgress, BuildState, BuildStatus } from "./projection/build.ts";
export type { FollowOptions } from "./projection/follow-rebuild.ts";
export type { PlannedAction, ProjectionPlan } from "./projection/plan.ts";
export type { RowDifference } from "./projection/scratch-builds.ts";
export type { Verification, VerifyOptions } from "./projection/verify-build.ts";
export type { RebuildOptions } from "./projection/rebuild-options.ts";
export type { RollbackOptions } from "./projection/rollback.ts";
export {
  bigint,
  boolean,
  date,
  integer,
  jsonb,
  nullable,
  numeric,
  text,
  timestamptz,
  uuid,
  type Column,
} from "./projection/column.ts";
export { defineFoldProjection, type FoldFunctions } from "./projection/define-fold-projection.ts";
export { readModel, type ProjectFunctions } from "./projection/define-projection.ts";
export {
  defineTable,
  type KeyOf,
  type RowOf,
  type StoredRowOf,
  type Table,
} from "./projection/define-table.ts";
export type { IntakeSize, WhenFull } from "./intake/intake-gate.ts";
export {
  IntakeQueue,
  type IntakeItem,
  type IntakePolicy,
  type IntakeQueueOptions,
  type IntakeStatus,
} from "./intake/intake-queue.ts";
export type { SpilledItem, SpillStore } from "./intake/spill-store.ts";
export type { EventOf } from "./event/event-of.ts";
export type { ProjectionContext } from "./projection/projection-context.ts";
export {
  DeadLetters,
  type DeadLetterReport,
  type DeadLetterSource,
  type DiscardedLetterReport,
  type ParkedSequenceReport,
  type SequenceOutcome,
} from "./subscription/dead-letters.ts";
export type { BuildReport, ProjectionStatus } from "./projection/projection-status.ts";
export type { Commit, ProjectionStore, ProjectionWatcher, RowChange } from "./projection/projection-store.ts";
export { ProjectionSupervisor } from "./projection/projection-supervisor.ts";
export type {
  ProjectionSupervisorOptions,
  ProjectorOptions,
} from "./projection/projection-supervisor-options.ts";
export type { QueryOptions, ReadModel, ReadModelState } from "./projection/read-model.ts";
export type { Checkpoint } from "./subscription/checkpoint.ts";
export type { CheckpointStore, PartitionPosition } from "./subscription/checkpoint-store.ts";
export type {
  AcquiredLease,
  Lease,
  LeaseHolder,
  LeaseReport,
  LeaseStore,
} from "./subscription/lease-store.ts";
export type { ParkingLimits } from "./subscription/parking-breaker.ts";
export {
  defineSubscription,
  type HandlerContext,
  type SubscriptionDefinition,
} from "./subscription/define-subscription.ts";
export { defineSemaphore, type Semaphore } from "./subscription/limits/define-semaphore.ts";
export type { HandlerLimits } from "./subscription/limits/handler-limits.ts";
export type {
  LimitStore,
  Reservation,
  ReservationRequest,
  Ticket,
} from "./subscription/limits/limit-store.ts";
export { SubscriberLimit, type Subscriber } from "./subscription/limits/subscriber-limit.ts";
export type { RateLimit } from "./subscription/limits/rate-limit.ts";
export type { SubscriptionBuffer } from "./subscription/limits/subscription-buffer.ts";
export { SubscriptionSupervisor, type SubscriptionStatus } from "./subscription/subscription-supervisor.ts";
export type { PartitionReport } from "./subscription/partition-store.ts";
export { partitionHash } from "./subscription/partition-hash.ts";
export { defaultRetryStrategy, type RetryStrategy } from "./subscription/retry-strategy.ts";
export type { Operations } from "./application/operations.ts";
export type { LimitStatus, RateLimitStatus, SemaphoreStatus } from "./telemetry/limit-status.ts";
export type { ApplicationMetrics } from "./telemetry/application-metrics.ts";
export { silentLogger, type Logger } from "./telemetry/logger.ts";
export type {
  ConsumerOperations,
  IntakeOperations,
  OperationsStatus,
  PartitionHere,
  PartitionOperations,
  RebuildOperations,
} from "./telemetry/operations-status.ts";
export type { DatabaseSession, Stall } from "./telemetry/stall.ts";
export type {
  AppendQueueStatus,
  EventStoreTelemetry,
  PoolStatus,
  StoreTelemetry,
} from "./telemetry/store-telemetry.ts";
export { readAvroFile, toAvroFile } from "./log-transfer/avro-file.ts";
export { exportLog, type ExportLogOptions } from "./log-transfer/export-log.ts";
export { importLog, type ImportLogOptions, type ImportSummary } from "./log-transfer/import-log.ts";
export { readJsonLines, toJsonLine } from "./log-transfer/json-lines.ts";
export type { LogEntry } from "./log-transfer/log-entry.ts";
export type { Mask, MaskableEvent, MaskParts } from "./log-transfer/mask.ts";
