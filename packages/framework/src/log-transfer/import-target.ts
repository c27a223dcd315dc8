import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import type { EventStore, StreamAppend } from "../event-store/event-store.ts";
import { importInvalid } from "./import-invalid.ts";
import type { LogEvent } from "./log-entry.ts";
import { streamRuns, type ImportedEvent } from "./stream-runs.ts";

/** Streams whose place is remembered, for exports that left something out before. */
const shiftsKept = 10_000;

/** The store that events are imported into: appends what it lacks, and sees that what it has is the same. */
export class ImportTarget {
  readonly #store: EventStore;
  readonly #tenant: string;
  /** How far the revisions of a stream here are behind those of the export. */
  readonly #shifts = new Map<string, bigint>();
  #appended = 0n;
  #present = 0n;

  constructor(store: EventStore, tenant: string) {
    this.#store = store;
    this.#tenant = tenant;
  }

  get counts(): { readonly appended: bigint; readonly present: bigint } {
    return { appended: this.#appended, present: this.#present };
  }

  /** Appends in order what is not there, as one where the store can. */
  async append(events: readonly ImportedEvent[]): Promise<void> {
    const { multiStreamAppend, transactionalIdempotency } = this.#store.capabilities;
    for (const runs of streamRuns(events, multiStreamAppend)) {
      const count = runs.reduce((sum, { events: own }) => sum + own.length, 0);
      // A store that does not look for ids would append what it has once more.
      if (transactionalIdempotency && (await this.#appendAll(runs)) === null) this.#appended += BigInt(count);
      else for (const run of runs) await this.#appendMissing(run.streamId, run.events);
    }
  }

  async #appendMissing(streamId: string, events: readonly ImportedEvent[]): Promise<void> {
    const found = await this.#find(streamId, events);
    let missing = events.filter(({ event }) => {
      const stored = found.get(event.eventId);
      if (stored !== undefined) checkSame(event, stored);
      return stored === undefined;
    });
    while (missing.length > 0) {
      const duplicate = await this.#appendAll([{ streamId, events: missing }]);
      if (duplicate === null) break;
      // In its stream, but not to be read: behind the bounds of the stream's metadata.
      missing = missing.filter(({ event }) => event.eventId !== duplicate);
    }
    this.#appended += BigInt(missing.length);
    this.#present += BigInt(events.length - missing.length);
  }

  /** Nothing is written, and the id is returned, when an event is in its stream already. */
  async #appendAll(runs: readonly { streamId: string; events: readonly ImportedEvent[] }[]) {
    const appends: readonly StreamAppend[] = runs.map(({ streamId, events }) => ({
      streamId,
      events: events.map(({ event, schema }) => toAppend(event, schema)),
    }));
    const [first, ...others] = appends;
    if (first === undefined) return null;
    const options = { tenant: this.#tenant };
    const outcome =
      others.length === 0
        ? await this.#store.append(first.streamId, first.events, options)
        : await this.#store.appendMany(appends, options);
    if (outcome.status === "appended") return null;
    if (outcome.status === "duplicate-event") return outcome.eventId;
    throw new Error(`an append without expectations was answered with ${outcome.status}`);
  }

  /** Those that are there: where they were in the export, or as far behind it as those before, or anywhere. */
  async #find(streamId: string, events: readonly ImportedEvent[]): Promise<ReadonlyMap<string, StoredEvent>> {
    const [first] = events;
    if (first === undefined) return new Map();
    const wanted = new Map(events.map(({ event }) => [event.eventId, event]));
    if (wanted.size < events.length) throw importInvalid(`an event of ${streamId} is in it twice`);
    const shift = this.#shifts.get(streamId) ?? 0n;
    const from = first.event.revision > shift ? first.event.revision - shift : 0n;
    const near = await this.#pick(streamId, wanted, { from, limit: events.length });
    return near.size === events.length ? near : this.#pick(streamId, wanted, {});
  }

  async #pick(
    streamId: string,
    wanted: ReadonlyMap<string, LogEvent>,
    where: { readonly from?: bigint; readonly limit?: number },
  ): Promise<ReadonlyMap<string, StoredEvent>> {
    const found = new Map<string, StoredEvent>();
    for await (const stored of this.#store.readStream(streamId, { tenant: this.#tenant, ...where })) {
      const event = wanted.get(stored.eventId);
      if (event === undefined) continue;
      found.set(stored.eventId, stored);
      this.#remember(streamId, event.revision - stored.revision);
    }
    return found;
  }

  #remember(streamId: string, shift: bigint): void {
    this.#shifts.delete(streamId);
    if (shift === 0n) return;
    this.#shifts.set(streamId, shift);
    const [oldest] = this.#shifts.keys();
    if (this.#shifts.size > shiftsKept && oldest !== undefined) this.#shifts.delete(oldest);
  }
}

/** Payloads that were erased here stay so. */
function checkSame(event: LogEvent, stored: StoredEvent): void {
  if (stored.encoding === "erased") return;
  const differs =
    event.type !== stored.type || event.sha256 !== stored.schemaSha256
      ? "type or schema"
      : Buffer.compare(event.data, stored.data) !== 0
        ? "payload"
        : Buffer.compare(event.meta, stored.meta) !== 0
          ? "metadata"
          : null;
  if (differs === null) return;
  throw new TidemarkError(
    "duplicate-event-id",
    `The event ${event.eventId} of position ${event.position} is in ${event.streamId} already, with another ${differs}, ` +
      `at position ${stored.position} of this store. Import into another store, or leave it out.`,
    { details: { eventId: event.eventId, streamId: event.streamId, position: String(stored.position) } },
  );
}

function toAppend(event: LogEvent, schema: EventSchema): EventToAppend {
  const { eventId, type, eventVersion, data, meta, correlationId, causationId } = event;
  return { eventId, type, eventVersion, schema, data, meta, correlationId, causationId };
}
