import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import { defaultAppendLimits, type AppendLimits } from "../event-store/append-limits.ts";
import { checkAppend, checkIdempotencyIdentity } from "../event-store/check-append.ts";
import type { ErasureOutcome, ErasureRequest } from "../event-store/erasure.ts";
import type {
  AppendOptions,
  AppendOutcome,
  DeleteStreamOptions,
  EventPage,
  EventStore,
  EventStoreCapabilities,
  ReadAllOptions,
  ReadStreamOptions,
  StreamAppend,
} from "../event-store/event-store.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";
import type { IdempotencyIdentity, IdempotencyRecord } from "../event-store/idempotency-record.ts";
import { LargeEventWarning } from "../event-store/large-event-warning.ts";
import type { StreamMetadata } from "../event-store/stream-metadata.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import { checkConnectionString } from "./check-connection-string.ts";
import { endPool } from "./end-pool.ts";
import { Appender, type AppendedSet } from "./event-store/appender.ts";
import { DiskGuard } from "./event-store/disk-guard.ts";
import { ErasureSchedule } from "./event-store/erasure-schedule.ts";
import { grantApplicationRole } from "./event-store/grant-application-role.ts";
import { defaultGroupCommitLimits } from "./event-store/group-commit.ts";
import { findIdempotencyRecord, IdempotencyPurge } from "./event-store/idempotency-records.ts";
import { readEventId, readHead, type LogReader } from "./event-store/log-reader.ts";
import { LogWatcher } from "./event-store/log-watcher.ts";
import { unavailable } from "./event-store/read-connections.ts";
import { onePageAhead } from "./event-store/page-ahead.ts";
import { readLog } from "./event-store/read-log.ts";
import { readEventsAt } from "./event-store/read-positions.ts";
import { readStream } from "./event-store/read-stream.ts";
import { subscribeToLog } from "./event-store/read-subscription.ts";
import { readStoreIdentity } from "./event-store/store-identity.ts";
import { storeConnections } from "./event-store/store-connections.ts";
import type { StoreGuard } from "./event-store/store-guard.ts";
import { deleteStream } from "./event-store/stream-deletion.ts";
import { eraseStream, scheduleErasure } from "./event-store/stream-erasure.ts";
import { readStreamMetadata, writeStreamMetadata } from "./event-store/stream-metadata.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import { migrateFramework } from "./migrate-framework.ts";
import { PostgresEventStoreTelemetry } from "./postgres-event-store-telemetry.ts";
import type { PostgresEventStoreOptions } from "./postgres-event-store-options.ts";

/** What `open` finds out. */
interface Opened {
  readonly storeId: string;
  readonly watcher: LogWatcher;
}

/**
 * The event store on PostgreSQL. Positions are given in commit order and without gaps, so a reader never sees an event
 * behind one that it has passed.
 *
 * @example
 * await using store = new PostgresEventStore({ connectionString: "postgres://localhost/ledger" });
 * await store.open();
 */
export class PostgresEventStore implements EventStore {
  readonly capabilities: EventStoreCapabilities = {
    multiStreamAppend: true,
    appendConditions: true,
    transactionalIdempotency: true,
    commitOrderPositions: true,
    erasure: true,
  };
  readonly telemetry: PostgresEventStoreTelemetry;
  readonly #options: PostgresEventStoreOptions;
  readonly #logger: Logger;
  readonly #limits: AppendLimits;
  readonly #appendPool: pg.Pool;
  readonly #readPool: pg.Pool;
  readonly #reader: LogReader;
  readonly #guard: StoreGuard;
  readonly #appender: Appender;
  readonly #diskGuard: DiskGuard | null;
  readonly #purge: IdempotencyPurge;
  readonly #erasures: ErasureSchedule;
  readonly #largeEvents: LargeEventWarning;
  #opening: Promise<void> | null = null;
  #opened: Opened | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: PostgresEventStoreOptions) {
    const { connectionString, preparedStatements = true, logger = silentLogger } = options;
    checkConnectionString(connectionString);
    const schema = quoteIdentifier(options.schema ?? "tidemark");
    this.#options = options;
    this.#logger = logger;
    this.#limits = { ...defaultAppendLimits, ...options.limits };
    const { appendPool, readPool, reader, guard } = storeConnections(options, schema, logger);
    this.#appendPool = appendPool;
    this.#readPool = readPool;
    this.#reader = reader;
    this.#guard = guard;
    this.#diskGuard = options.diskGuard === undefined ? null : new DiskGuard(options.diskGuard, logger);
    const groupCommit = { ...defaultGroupCommitLimits, ...options.groupCommit };
    this.#appender = new Appender({
      pool: this.#appendPool,
      schema,
      catalogue: reader.catalogue,
      preparedStatements,
      settleMs: 30_000,
      groupCommit,
      diskGuard: this.#diskGuard,
      onAppended: (set) => this.#appended(set),
    });
    this.telemetry = new PostgresEventStoreTelemetry({
      appendPool,
      readPool,
      reader,
      appender: this.#appender,
      limits: groupCommit,
      diskGuard: this.#diskGuard,
    });
    this.#purge = new IdempotencyPurge(this.#readPool, schema, logger);
    this.#erasures = new ErasureSchedule(this.#reader, logger);
    this.#largeEvents = new LargeEventWarning(logger);
  }

  get storeId(): string {
    return this.#ready().storeId;
  }

  /** @throws TidemarkError `store-unavailable`, `store-newer`; PostgresError when the tables cannot be migrated. */
  async open(): Promise<void> {
    this.#refuseWhenClosed();
    this.#opening ??= this.#open();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = null;
      throw isInfrastructureError(error) && !(error instanceof TidemarkError) ? unavailable(error) : error;
    }
  }

  async #open(): Promise<void> {
    const { schema = "tidemark", migrate = true, connectionString, directUrl, wakeup } = this.#options;
    const { applicationRole: role } = this.#options;
    if (migrate) await migrateFramework({ pool: this.#readPool, schema, logger: this.#logger });
    if (role !== undefined) await grantApplicationRole({ pool: this.#readPool, schema, role });
    const { storeId, channel } = await readStoreIdentity(this.#reader);
    this.#guard.expect(storeId);
    await this.#reader.catalogue.refresh();
    const watcher = new LogWatcher({
      listenUrl: wakeup === "poll" ? null : (directUrl ?? connectionString),
      channel,
      pollIntervalMs: this.#options.pollIntervalMs ?? 1_000,
      readHead: (signal) => readHead(this.#reader, signal),
      logger: this.#logger,
    });
    await this.#diskGuard?.start();
    this.#opened = { storeId, watcher };
    this.#erasures.look();
  }

  append(
    streamId: string,
    events: readonly EventToAppend[],
    options: AppendOptions & { readonly expectedRevision?: ExpectedRevision } = {},
  ): Promise<AppendOutcome> {
    const { expectedRevision = "any" } = options;
    return this.appendMany([{ streamId, events, expectedRevision }], options);
  }

  appendMany(appends: readonly StreamAppend[], options: AppendOptions = {}): Promise<AppendOutcome> {
    // No promise that is not needed: each one costs an append as much as its checks.
    try {
      this.#ready();
      const repeated = checkAppend(appends, options, this.#limits);
      if (repeated !== null) return Promise.resolve({ status: "duplicate-event", eventId: repeated });
      let count = 0;
      for (const { events } of appends) {
        count += events.length;
        this.#largeEvents.check(events);
      }
      const { tenant = "", idempotency = null, conditions = [], signal } = options;
      const call = { tenant, streams: appends, idempotency, conditions };
      return this.telemetry.meter.measure(this.#appender.append(call, signal), count);
    } catch (error) {
      this.telemetry.meter.appends.addError(error);
      // Whatever a check threw is handed on as it is.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      return Promise.reject(error);
    }
  }

  #appended({ position, hasKeys }: AppendedSet): void {
    if (position !== null) this.#opened?.watcher.advance(position);
    if (hasKeys) this.#purge.recorded();
  }

  readStream(streamId: string, options: ReadStreamOptions = {}): AsyncIterable<StoredEvent> {
    this.#ready();
    return readStream(this.#reader, streamId, options);
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventPage> {
    this.#ready();
    for await (const page of this.telemetry.meter.counted(onePageAhead(readLog(this.#reader, options)))) {
      yield page;
      // The page that was read ahead is of no use to who has closed the store.
      this.#refuseWhenClosed();
    }
  }

  async *subscribe(options: Omit<ReadAllOptions, "limit" | "upTo"> = {}): AsyncGenerator<EventPage> {
    const { watcher } = this.#ready();
    const pages = subscribeToLog(this.#reader, watcher, options, () => this.#refuseWhenClosed());
    yield* this.telemetry.meter.counted(pages);
  }

  async head(): Promise<bigint> {
    this.#ready();
    return readHead(this.#reader);
  }

  async eventIdAt(position: bigint): Promise<string | null> {
    this.#ready();
    return readEventId(this.#reader, position);
  }

  async eventsAt(
    positions: readonly bigint[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly StoredEvent[]> {
    this.#ready();
    return readEventsAt(this.#reader, positions, options.signal);
  }

  async schema(sha256: string): Promise<EventSchema | null> {
    this.#ready();
    const { catalogue } = this.#reader;
    if (catalogue.schemaNo(sha256) === undefined) await catalogue.refresh();
    const schemaNo = catalogue.schemaNo(sha256);
    return schemaNo === undefined ? null : (catalogue.schema(schemaNo) ?? null);
  }

  async schemas(): Promise<readonly EventSchema[]> {
    this.#ready();
    await this.#reader.catalogue.refresh();
    return this.#reader.catalogue.schemas();
  }

  async findIdempotencyRecord(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null> {
    this.#ready();
    checkIdempotencyIdentity(identity);
    return findIdempotencyRecord(this.#reader, identity);
  }

  async streamMetadata(
    streamId: string,
    options: { readonly tenant?: string } = {},
  ): Promise<StreamMetadata> {
    this.#ready();
    return readStreamMetadata(this.#reader, streamId, options.tenant ?? "");
  }

  async setStreamMetadata(
    streamId: string,
    metadata: StreamMetadata,
    options: { readonly tenant?: string } = {},
  ): Promise<void> {
    this.#ready();
    await writeStreamMetadata(this.#reader, streamId, options.tenant ?? "", metadata);
  }

  async deleteStream(
    streamId: string,
    options: DeleteStreamOptions = {},
  ): ReturnType<EventStore["deleteStream"]> {
    this.#ready();
    return deleteStream(this.#reader, streamId, options);
  }

  async eraseStream(streamId: string, request: ErasureRequest): Promise<ErasureOutcome> {
    this.#ready();
    const { at } = request;
    if (at === undefined || at.getTime() <= Date.now()) return eraseStream(this.#reader, streamId, request);
    const outcome = await scheduleErasure(this.#reader, streamId, { ...request, at });
    this.#erasures.look();
    return outcome;
  }

  /** Deletes expired idempotency records now; keyed appends do it by themselves about once a minute. @returns how many */
  async purgeExpired(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    this.#ready();
    return this.#purge.run(options.signal);
  }

  /** Ends subscriptions with `application-closed`, lets appends and reads that have begun finish. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#opened?.watcher.close();
    await Promise.all([this.#purge.close(), this.#erasures.close()]);
    await Promise.all([endPool(this.#appendPool), endPool(this.#readPool)]);
  }

  #refuseWhenClosed(): void {
    if (this.#closed === null) return;
    throw new TidemarkError("application-closed", "The event store is closed: open another one.");
  }

  #ready(): Opened {
    this.#refuseWhenClosed();
    if (this.#opened === null) throw new Error("The event store is not open: await open() first");
    return this.#opened;
  }
}
