import { randomUUID } from "node:crypto";
import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import { defaultAppendLimits, type AppendLimits } from "../event-store/append-limits.ts";
import { checkAppendCapabilities } from "../event-store/check-append-capabilities.ts";
import { checkAppend, checkExpectedRevision, checkIdempotencyIdentity } from "../event-store/check-append.ts";
import { checkErasureRequest } from "../event-store/check-erasure-request.ts";
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
import { meetsExpectation, type ExpectedRevision } from "../event-store/expected-revision.ts";
import type { IdempotencyIdentity, IdempotencyRecord } from "../event-store/idempotency-record.ts";
import { requireCapability } from "../event-store/require-capability.ts";
import { checkStreamId, checkTenant } from "../event-store/stream-id.ts";
import type { StreamMetadata } from "../event-store/stream-metadata.ts";
import { onAbort } from "../on-abort.ts";
import { InMemoryErasures } from "./in-memory-erasures.ts";
import { InMemoryRecords } from "./in-memory-records.ts";
import { InMemoryLog } from "./in-memory-log.ts";
import { lastRevision, revisionOf, visibleEvents, type InMemoryStream } from "./in-memory-stream.ts";

const defaultPageSize = 1_000;

interface InTenant {
  readonly tenant?: string;
}

export interface InMemoryEventStoreOptions {
  readonly limits?: Partial<AppendLimits>;
  /** Gives `recordedAt`, ends idempotency records, ages events and says what is due; default the system's clock. */
  readonly now?: () => Date;
  /** Capabilities to do without, for tests of what must also run on such a store. */
  readonly without?: readonly (keyof EventStoreCapabilities)[];
}

/** An event store in memory for unit tests: every guarantee of the port, nothing kept. */
export function inMemoryEventStore(options: InMemoryEventStoreOptions = {}): EventStore {
  return new InMemoryEventStore(options);
}

class InMemoryEventStore implements EventStore {
  readonly capabilities: EventStoreCapabilities;
  readonly storeId = randomUUID();
  readonly #limits: AppendLimits;
  readonly #now: () => Date;
  readonly #log = new InMemoryLog();
  readonly #erasures = new InMemoryErasures();
  readonly #records: InMemoryRecords;
  readonly #waiters = new Set<() => void>();
  #closed = false;

  constructor({ limits, now = () => new Date(), without = [] }: InMemoryEventStoreOptions) {
    const has = (capability: keyof EventStoreCapabilities) => !without.includes(capability);
    this.capabilities = {
      multiStreamAppend: has("multiStreamAppend"),
      appendConditions: has("appendConditions"),
      transactionalIdempotency: has("transactionalIdempotency"),
      commitOrderPositions: has("commitOrderPositions"),
      erasure: has("erasure"),
    };
    this.#limits = { ...defaultAppendLimits, ...limits };
    this.#now = now;
    this.#records = new InMemoryRecords(now);
  }

  async open(): Promise<void> {}

  async append(
    streamId: string,
    events: readonly EventToAppend[],
    options: AppendOptions & { readonly expectedRevision?: ExpectedRevision } = {},
  ): Promise<AppendOutcome> {
    const { expectedRevision = "any", ...rest } = options;
    return this.appendMany([{ streamId, events, expectedRevision }], rest);
  }

  async appendMany(appends: readonly StreamAppend[], options: AppendOptions = {}): Promise<AppendOutcome> {
    this.#enter();
    checkAppendCapabilities(this.capabilities, appends, options);
    const repeated = checkAppend(appends, options, this.#limits);
    if (repeated !== null) return { status: "duplicate-event", eventId: repeated };
    options.signal?.throwIfAborted();
    const { tenant = "", idempotency, conditions = [] } = options;
    if (idempotency !== undefined) this.#checkKeys();
    const record = idempotency === undefined ? null : this.#records.find(idempotency.identity);
    if (record !== null) return { status: "already-recorded", record };
    const refusal = this.#log.refusal(appends, conditions, tenant);
    if (refusal !== null) return refusal;
    const outcome = this.#log.write(appends, tenant, this.#now());
    if (idempotency !== undefined) {
      const first = appends.findIndex(({ events }) => events.length > 0);
      this.#records.keep(idempotency, outcome.revisions[first] ?? null, outcome.position);
    }
    for (const wake of this.#waiters) wake();
    return outcome;
  }

  async *readStream(streamId: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent> {
    this.#enter();
    checkReadStream(streamId, options);
    const { tenant = "", from, direction = "forwards", limit, signal } = options;
    signal?.throwIfAborted();
    const events = visibleEvents(this.#log.stream(tenant, streamId), this.#now());
    const wanted =
      direction === "forwards"
        ? events.filter(({ revision }) => revision >= (from ?? 0n))
        : events.filter(({ revision }) => from === undefined || revision <= from).toReversed();
    for (const event of wanted.slice(0, limit)) {
      yield event;
      this.#enter();
      signal?.throwIfAborted();
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventPage> {
    this.#enter();
    checkReadAll(options);
    const { pageSize = defaultPageSize, signal } = options;
    const stretch = this.#log.stretch(options);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    signal?.throwIfAborted();
    while (left > 0 && !stretch.isScanned()) {
      const page = stretch.next(Math.min(pageSize, left));
      left -= page.events.length;
      yield page;
      this.#enter();
      signal?.throwIfAborted();
    }
  }

  async *subscribe(
    options: Omit<ReadAllOptions, "limit" | "upTo" | "direction"> = {},
  ): AsyncGenerator<EventPage> {
    checkReadAll(options);
    const { signal, ...reading } = options;
    const aborted = () => signal?.aborted === true;
    let after = options.after ?? 0n;
    while (!aborted()) {
      for await (const page of this.readAll({ ...reading, after })) {
        yield page;
        if (aborted()) return;
        after = page.scannedTo;
      }
      while (!aborted() && this.#log.head <= after) {
        this.#enter();
        await this.#change(signal);
      }
    }
  }

  async head(): Promise<bigint> {
    this.#enter();
    return this.#log.head;
  }

  async eventIdAt(position: bigint): Promise<string | null> {
    this.#enter();
    return this.#log.eventAt(position)?.eventId ?? null;
  }

  async eventsAt(
    positions: readonly bigint[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly StoredEvent[]> {
    this.#enter();
    checkEventsAt(positions);
    signal?.throwIfAborted();
    const wanted = [...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1));
    return wanted.map((position) => this.#log.eventAt(position)).filter((event) => event !== null);
  }

  async schema(sha256: string): Promise<EventSchema | null> {
    return this.#log.schemas.get(sha256) ?? null;
  }

  async schemas(): Promise<readonly EventSchema[]> {
    return [...this.#log.schemas.values()];
  }

  async findIdempotencyRecord(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null> {
    this.#enter();
    this.#checkKeys();
    checkIdempotencyIdentity(identity);
    return this.#records.find(identity);
  }

  async streamMetadata(streamId: string, { tenant = "" }: InTenant = {}): Promise<StreamMetadata> {
    const stream = this.#stream(streamId, tenant);
    return stream === undefined || stream.deleted ? {} : stream.metadata;
  }

  async setStreamMetadata(
    streamId: string,
    metadata: StreamMetadata,
    { tenant = "" }: InTenant = {},
  ): Promise<void> {
    const stream = this.#stream(streamId, tenant);
    checkStreamMetadata(metadata);
    if (stream === undefined || stream.deleted) notFound(streamId);
    stream.metadata = { ...metadata };
  }

  async deleteStream(
    streamId: string,
    { tenant = "", expectedRevision: expected = "stream-exists" }: DeleteStreamOptions = {},
  ): ReturnType<EventStore["deleteStream"]> {
    const stream = this.#stream(streamId, tenant);
    checkExpectedRevision(streamId, expected);
    const actual = revisionOf(stream);
    if (!meetsExpectation(expected, actual)) return { status: "conflict", streamId, expected, actual };
    if (stream !== undefined) {
      stream.deleted = true;
      stream.metadata = {};
      stream.floor = lastRevision(stream) + 1n;
    }
    return { status: "deleted" };
  }

  async eraseStream(streamId: string, request: ErasureRequest): Promise<ErasureOutcome> {
    requireCapability(this.capabilities, "erasure", "Erasing a stream");
    const stream = this.#stream(streamId, request.tenant ?? "");
    checkErasureRequest(request);
    if (stream === undefined) notFound(streamId);
    return this.#erasures.request(stream, request, this.#now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiters) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkKeys(): void {
    requireCapability(this.capabilities, "transactionalIdempotency", "An idempotency key");
  }

  #stream(streamId: string, tenant: string): InMemoryStream | undefined {
    this.#enter();
    checkStreamId(streamId);
    checkTenant(tenant);
    return this.#log.stream(tenant, streamId);
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        leave();
        resolve();
      };
      this.#waiters.add(done);
      const leave = onAbort(signal, done);
    });
  }

  /** Nothing is seen before the erasures that are due have been carried out. */
  #enter(): void {
    if (this.#closed)
      throw new TidemarkError("application-closed", "The event store is closed: open another one.");
    this.#erasures.carryOut(this.#now());
  }
}

function notFound(streamId: string): never {
  throw new TidemarkError(
    "stream-not-found",
    `There is no stream ${JSON.stringify(streamId)}: check its name and tenant.`,
  );
}
