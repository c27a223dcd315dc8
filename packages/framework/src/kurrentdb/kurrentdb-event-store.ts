import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import { defaultAppendLimits, type AppendLimits } from "../event-store/append-limits.ts";
import { checkExpectedRevision, checkIdempotencyIdentity } from "../event-store/check-append.ts";
import { checkEventsAt, checkReadAll, checkReadStream } from "../event-store/check-read-options.ts";
import { checkStreamMetadata } from "../event-store/check-stream-metadata.ts";
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
import { requireCapability } from "../event-store/require-capability.ts";
import { checkStreamId, checkTenant } from "../event-store/stream-id.ts";
import type { StreamMetadata } from "../event-store/stream-metadata.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import { EventWriter } from "./event-writer.ts";
import { guardedClient } from "./guarded-client.ts";
import { IdempotencyClaims } from "./idempotency-claims.ts";
import type { KurrentDbClient } from "./kurrentdb-client.ts";
import { KurrentDbEventStoreTelemetry } from "./kurrentdb-event-store-telemetry.ts";
import type { KurrentDbEventStoreOptions } from "./kurrentdb-event-store-options.ts";
import { LogReader } from "./log-reader.ts";
import { subscribeToLog } from "./log-subscription.ts";
import { readEventsAt } from "./read-positions.ts";
import { readStream } from "./read-stream.ts";
import { RecordReader } from "./record-reader.ts";
import { SchemaCatalogue } from "./schema-catalogue.ts";
import { StoreIdentity } from "./store-identity.ts";
import { StreamAdministration, type NamedStream } from "./stream-administration.ts";
import { StreamAppender } from "./stream-appender.ts";
import { StreamNames } from "./stream-names.ts";

const defaultSettleMs = 5_000;
const longestSettleMs = 10_000;

/**
 * The event store on KurrentDB (EventStoreDB), from server 23.10 on. One append writes one stream.
 *
 * @example
 * const client = EventStoreDBClient.connectionString("esdb://localhost:2113?tls=false");
 * await using store = new KurrentDbEventStore({ client });
 * await store.open();
 */
export class KurrentDbEventStore implements EventStore {
  readonly capabilities: EventStoreCapabilities = {
    multiStreamAppend: false,
    appendConditions: false,
    transactionalIdempotency: false,
    commitOrderPositions: true,
    erasure: false,
  };
  readonly telemetry = new KurrentDbEventStoreTelemetry();
  readonly #client: KurrentDbClient;
  readonly #logger: Logger;
  readonly #limits: AppendLimits;
  readonly #names: StreamNames;
  readonly #identity: StoreIdentity;
  readonly #reader: RecordReader;
  readonly #log: LogReader;
  readonly #administration: StreamAdministration;
  readonly #schemas: SchemaCatalogue;
  readonly #claims: IdempotencyClaims;
  readonly #writer: EventWriter;
  readonly #closing = new AbortController();
  #opening: Promise<void> | null = null;

  constructor(options: KurrentDbEventStoreOptions) {
    this.#client = guardedClient(options.client, options.batchAppends);
    this.#logger = options.logger ?? silentLogger;
    this.#limits = { ...defaultAppendLimits, ...options.limits };
    this.#names = new StreamNames(options.namespace ?? "");
    const { reserved } = this.#names;
    const settleMs = Math.min(options.settleMs ?? defaultSettleMs, longestSettleMs);
    const common = { client: this.#client, settleMs };
    const plainReader = new RecordReader(this.#client);
    const plainAppender = new StreamAppender({ ...common, reader: plainReader, identity: null });
    this.#identity = new StoreIdentity(plainReader, plainAppender, `${reserved}store`);
    this.#reader = new RecordReader(this.#client, () => this.#identity.suspect());
    this.#log = new LogReader({
      reader: this.#reader,
      names: this.#names,
      identity: this.#identity,
      // The native part of KurrentDB's client, which reads but does not subscribe, leaves the milliseconds out: an event
      // has one time, however it is read.
      wholeSeconds: "rustClient" in options.client,
    });
    const appender = new StreamAppender({ ...common, reader: this.#reader, identity: this.#identity });
    this.#administration = new StreamAdministration(this.#client, this.#reader);
    this.#schemas = new SchemaCatalogue(this.#reader, appender, `${reserved}schemas`);
    this.#claims = new IdempotencyClaims(this.#reader, appender, reserved);
    this.#writer = new EventWriter({
      names: this.#names,
      appender,
      administration: this.#administration,
      schemas: this.#schemas,
      claims: this.#claims,
      limits: this.#limits,
      largeEvents: new LargeEventWarning(this.#logger),
    });
  }

  get storeId(): string {
    return this.#identity.storeId;
  }

  /** @throws TidemarkError `store-unavailable`, `store-newer`. */
  async open(): Promise<void> {
    this.#checkOpen();
    this.#opening ??= this.#identity.open().then(({ origin }) => this.#log.startAt(origin));
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  async append(
    streamId: string,
    events: readonly EventToAppend[],
    options: AppendOptions & { readonly expectedRevision?: ExpectedRevision } = {},
  ): Promise<AppendOutcome> {
    const { expectedRevision = "any", ...rest } = options;
    return this.appendMany([{ streamId, events, expectedRevision }], rest);
  }

  /** One stream at most. */
  appendMany(appends: readonly StreamAppend[], options: AppendOptions = {}): Promise<AppendOutcome> {
    const events = appends.reduce((sum, append) => sum + append.events.length, 0);
    return this.telemetry.meter.measure(this.#appendMany(appends, options), events);
  }

  async #appendMany(appends: readonly StreamAppend[], options: AppendOptions): Promise<AppendOutcome> {
    this.#checkOpen();
    if (appends.length > 1)
      requireCapability(this.capabilities, "multiStreamAppend", "An append to several streams");
    if ((options.conditions ?? []).length > 0)
      requireCapability(this.capabilities, "appendConditions", "An append under conditions");
    await this.#identity.check();
    return this.#writer.append(appends, options);
  }

  async *readStream(streamId: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent> {
    this.#checkOpen();
    checkReadStream(streamId, options);
    options.signal?.throwIfAborted();
    await this.#identity.check();
    const name = this.#names.of(options.tenant ?? "", streamId);
    for await (const event of readStream(this.#reader, this.#log, name, options)) {
      yield event;
      this.#checkOpen();
      options.signal?.throwIfAborted();
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventPage> {
    this.#checkOpen();
    checkReadAll(options);
    options.signal?.throwIfAborted();
    await this.#identity.check();
    for await (const page of this.telemetry.meter.counted(this.#log.pages(options))) {
      yield page;
      this.#checkOpen();
      options.signal?.throwIfAborted();
    }
  }

  async *subscribe(
    options: Omit<ReadAllOptions, "limit" | "upTo" | "direction"> = {},
  ): AsyncGenerator<EventPage> {
    this.#checkOpen();
    checkReadAll(options);
    const closing = this.#closing.signal;
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
    const source = {
      client: this.#client,
      log: this.#log,
      identity: this.#identity,
      names: this.#names,
      logger: this.#logger,
    };
    yield* this.telemetry.meter.counted(subscribeToLog(source, options, signal));
    if (options.signal?.aborted !== true) this.#checkOpen();
  }

  async head(): Promise<bigint> {
    this.#checkOpen();
    await this.#identity.check();
    return this.#log.head();
  }

  async eventIdAt(position: bigint): Promise<string | null> {
    this.#checkOpen();
    await this.#identity.check();
    const record = await this.#log.recordAt(position);
    return record === null || this.#log.toEvent(record) === null ? null : record.id;
  }

  async eventsAt(
    positions: readonly bigint[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly StoredEvent[]> {
    this.#checkOpen();
    checkEventsAt(positions);
    return readEventsAt(this.#log, positions, options.signal);
  }

  async schema(sha256: string): Promise<EventSchema | null> {
    this.#checkOpen();
    return this.#schemas.schema(sha256);
  }

  async schemas(): Promise<readonly EventSchema[]> {
    this.#checkOpen();
    return this.#schemas.schemas();
  }

  async findIdempotencyRecord(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null> {
    this.#checkOpen();
    checkIdempotencyIdentity(identity);
    return this.#claims.find(identity);
  }

  async streamMetadata(
    streamId: string,
    options: { readonly tenant?: string } = {},
  ): Promise<StreamMetadata> {
    return this.#administration.metadata(this.#named(streamId, options.tenant).name);
  }

  async setStreamMetadata(
    streamId: string,
    metadata: StreamMetadata,
    options: { readonly tenant?: string } = {},
  ): Promise<void> {
    const stream = this.#named(streamId, options.tenant);
    checkStreamMetadata(metadata);
    await this.#administration.setMetadata(stream, metadata);
  }

  async deleteStream(
    streamId: string,
    options: DeleteStreamOptions = {},
  ): Promise<{ readonly status: "deleted" } | (AppendOutcome & { readonly status: "conflict" })> {
    const stream = this.#named(streamId, options.tenant);
    const { expectedRevision = "stream-exists" } = options;
    checkExpectedRevision(streamId, expectedRevision);
    return this.#administration.delete(stream, expectedRevision);
  }

  /** @throws TidemarkError `capability-missing`: KurrentDB cannot take one stream's payloads away. */
  async eraseStream(streamId: string, request: ErasureRequest): Promise<ErasureOutcome> {
    this.#named(streamId, request.tenant);
    requireCapability(this.capabilities, "erasure", "Erasing a stream");
    throw new Error("no erasure");
  }

  /** Ends subscriptions; the client is the caller's. */
  async close(): Promise<void> {
    this.#closing.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #named(streamId: string, tenant = ""): NamedStream {
    this.#checkOpen();
    checkStreamId(streamId);
    checkTenant(tenant);
    return { streamId, name: this.#names.of(tenant, streamId) };
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted)
      throw new TidemarkError("application-closed", "The event store is closed: open another one.");
  }
}
