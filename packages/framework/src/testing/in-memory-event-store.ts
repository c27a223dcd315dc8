import { randomUUID } from "node:crypto";
import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import { defaultAppendLimits, type AppendLimits } from "../event-store/append-limits.ts";
import { checkAppend, checkIdempotencyIdentity } from "../event-store/check-append.ts";
import type {
  AppendOptions,
  AppendOutcome,
  EventPage,
  EventStore,
  EventStoreCapabilities,
  ReadAllOptions,
  ReadStreamOptions,
  StreamAppend,
} from "../event-store/event-store.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";
import type {
  IdempotencyEntry,
  IdempotencyIdentity,
  IdempotencyRecord,
} from "../event-store/idempotency-record.ts";
import { checkStreamId, checkTenant } from "../event-store/stream-id.ts";
import { InMemoryLog } from "./in-memory-log.ts";

const defaultPageSize = 1_000;

export interface InMemoryEventStoreOptions {
  readonly limits?: Partial<AppendLimits>;
  /** Gives `recordedAt` and ends idempotency records; default the system's clock. */
  readonly now?: () => Date;
}

/** An event store in memory for unit tests: every guarantee of the port, nothing kept. */
export function inMemoryEventStore(options: InMemoryEventStoreOptions = {}): EventStore {
  return new InMemoryEventStore(options);
}

class InMemoryEventStore implements EventStore {
  readonly capabilities: EventStoreCapabilities = {
    multiStreamAppend: true,
    appendConditions: false,
    transactionalIdempotency: true,
    commitOrderPositions: true,
  };
  readonly storeId = randomUUID();
  readonly #limits: AppendLimits;
  readonly #now: () => Date;
  readonly #log = new InMemoryLog();
  readonly #records = new Map<string, { readonly record: IdempotencyRecord; readonly expiresAt: number }>();
  readonly #waiters = new Set<() => void>();
  #closed = false;

  constructor(options: InMemoryEventStoreOptions) {
    this.#limits = { ...defaultAppendLimits, ...options.limits };
    this.#now = options.now ?? (() => new Date());
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
    this.#checkOpen();
    const repeated = checkAppend(appends, options, this.#limits);
    if (repeated !== null) return { status: "duplicate-event", eventId: repeated };
    options.signal?.throwIfAborted();
    const { tenant = "", idempotency } = options;
    const record = idempotency === undefined ? null : this.#record(idempotency.identity);
    if (record !== null) return { status: "already-recorded", record };
    const refusal = this.#log.refusal(appends, tenant);
    if (refusal !== null) return refusal;
    const outcome = this.#log.write(appends, tenant, this.#now());
    if (idempotency !== undefined) {
      const first = appends.findIndex(({ events }) => events.length > 0);
      this.#keep(idempotency, outcome.revisions[first] ?? null, outcome.position);
    }
    for (const wake of this.#waiters) wake();
    return outcome;
  }

  async *readStream(streamId: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent> {
    this.#checkOpen();
    const { tenant = "", from, direction = "forwards", limit, signal } = options;
    checkStreamId(streamId);
    checkTenant(tenant);
    signal?.throwIfAborted();
    const events = this.#log.stream(tenant, streamId);
    const wanted =
      direction === "forwards"
        ? events.filter(({ revision }) => revision >= (from ?? 0n))
        : events.filter(({ revision }) => from === undefined || revision <= from).toReversed();
    for (const event of wanted.slice(0, limit)) {
      yield event;
      this.#checkOpen();
      signal?.throwIfAborted();
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventPage> {
    this.#checkOpen();
    const { tenant = "", pageSize = defaultPageSize, upTo, signal } = options;
    checkTenant(tenant);
    const { head } = this.#log;
    const end = upTo !== undefined && upTo < head ? upTo : head;
    let after = options.after ?? 0n;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    signal?.throwIfAborted();
    while (after < end && left > 0) {
      const page = this.#log.page(options, after, end, Math.min(pageSize, left));
      after = page.scannedTo;
      left -= page.events.length;
      yield page;
      this.#checkOpen();
      signal?.throwIfAborted();
    }
  }

  async *subscribe(options: Omit<ReadAllOptions, "limit" | "upTo"> = {}): AsyncGenerator<EventPage> {
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
        this.#checkOpen();
        await this.#change(signal);
      }
    }
  }

  async head(): Promise<bigint> {
    this.#checkOpen();
    return this.#log.head;
  }

  async eventIdAt(position: bigint): Promise<string | null> {
    this.#checkOpen();
    return this.#log.eventAt(position)?.eventId ?? null;
  }

  async schema(sha256: string): Promise<EventSchema | null> {
    return this.#log.schemas.get(sha256) ?? null;
  }

  async schemas(): Promise<readonly EventSchema[]> {
    return [...this.#log.schemas.values()];
  }

  async findIdempotencyRecord(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null> {
    this.#checkOpen();
    checkIdempotencyIdentity(identity);
    return this.#record(identity);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiters) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #record(identity: IdempotencyIdentity): IdempotencyRecord | null {
    const kept = this.#records.get(recordKey(identity));
    return kept !== undefined && kept.expiresAt > this.#now().getTime() ? kept.record : null;
  }

  #keep(
    { identity, requestHash, body, timeToLiveMs }: IdempotencyEntry,
    revision: bigint | null,
    position: bigint | null,
  ): void {
    const record = { requestHash: Buffer.from(requestHash), body: Buffer.from(body), revision, position };
    this.#records.set(recordKey(identity), { record, expiresAt: this.#now().getTime() + timeToLiveMs });
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new TidemarkError("application-closed", "The event store is closed: open another one.");
  }
}

function recordKey({ tenant, principal, key }: IdempotencyIdentity): string {
  return `${tenant}\0${principal}\0${key}`;
}
