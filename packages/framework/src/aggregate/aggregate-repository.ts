import { LRUCache } from "lru-cache";
import { TidemarkError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { streamIdOf } from "../event-store/stream-id.ts";
import { fold, type AnyAggregate } from "./define-aggregate.ts";

/** An aggregate as it stands: its state, and which source events it has already folded. */
export interface LoadedAggregate {
  readonly streamId: string;
  readonly state: unknown;
  /** Last revision folded, `null` without events. */
  readonly revision: bigint | null;
  /** Position of that last event, `0n` without events. */
  readonly position: bigint;
  /** Id of that last event, `null` without events. */
  readonly lastEventId: string | null;
  /** Positions of events whose ids are uuid v5, made from a source record: a second import finds itself here. */
  readonly sourceEvents: ReadonlyMap<string, { readonly revision: bigint; readonly position: bigint }>;
}

/** Events read into memory at once while folding a long stream. */
const chunkSize = 1_000;

/**
 * Loads aggregates by folding their streams. A cached state is a baseline only: the stream's tail is always read,
 * so a state is never older than the store was when `load` was called. The last event of the baseline is read with it:
 * when it is another one, the store was restored to an earlier time and the state belongs to a history that is gone.
 */
export class AggregateRepository {
  readonly #store: EventStore;
  readonly #serializer: EventSerializer;
  readonly #cache: LRUCache<string, LoadedAggregate>;

  constructor(options: {
    readonly eventStore: EventStore;
    readonly serializer: EventSerializer;
    /** Aggregates whose state is kept; default 10,000. `0` keeps none. */
    readonly cacheSize?: number;
  }) {
    this.#store = options.eventStore;
    this.#serializer = options.serializer;
    this.#cache = new LRUCache({ max: Math.max(1, options.cacheSize ?? 10_000) });
    if (options.cacheSize === 0) this.#cache.set = () => this.#cache;
  }

  async load(aggregate: AnyAggregate, id: string, tenant: string): Promise<LoadedAggregate> {
    const streamId = streamIdOf(aggregate.name, id);
    const key = `${tenant}\u0000${streamId}`;
    const empty = emptyAggregate(streamId, aggregate.initialState(id));
    const loaded =
      (await this.#advance(aggregate, this.#cache.get(key) ?? empty, tenant)) ??
      (await this.#advance(aggregate, empty, tenant)) ??
      empty;
    // Ids that nobody has used would push aggregates out that are in use.
    if (loaded.revision === null) this.#cache.delete(key);
    else this.#cache.set(key, loaded);
    return loaded;
  }

  /** The baseline with all that follows it in the store; `null` when the stream does not continue it. */
  async #advance(
    aggregate: AnyAggregate,
    baseline: LoadedAggregate,
    tenant: string,
  ): Promise<LoadedAggregate | null> {
    const { streamId, revision, lastEventId } = baseline;
    let loaded = baseline;
    let continues = revision === null;
    let chunk: StoredEvent[] = [];
    for await (const event of this.#store.readStream(streamId, { tenant, from: revision ?? 0n })) {
      if (!continues) {
        if (event.eventId !== lastEventId) return null;
        continues = true;
        continue;
      }
      chunk.push(event);
      if (chunk.length === chunkSize) {
        loaded = await this.#foldChunk(aggregate, loaded, chunk);
        chunk = [];
      }
    }
    return continues ? this.#foldChunk(aggregate, loaded, chunk) : null;
  }

  async #foldChunk(
    aggregate: AnyAggregate,
    from: LoadedAggregate,
    stored: readonly StoredEvent[],
  ): Promise<LoadedAggregate> {
    const last = stored.at(-1);
    if (last === undefined) return from;
    const events = await this.#serializer.decodeAll(stored, (sha256) => this.#store.schema(sha256));
    return {
      streamId: from.streamId,
      state: fold(aggregate, from.state, events),
      revision: last.revision,
      position: last.position,
      lastEventId: last.eventId,
      sourceEvents: withSourceEvents(from.sourceEvents, stored),
    };
  }
}

/** Refuses the id before anything else happens: bounded, and usable in a stream's name. */
export function checkAggregateId(id: string): void {
  if (id.length === 0 || id.length > 200) {
    throw new TidemarkError("aggregate-id-invalid", "The aggregate id must have 1 to 200 characters.");
  }
}

function emptyAggregate(streamId: string, state: unknown): LoadedAggregate {
  return { streamId, state, revision: null, position: 0n, lastEventId: null, sourceEvents: new Map() };
}

function withSourceEvents(
  known: LoadedAggregate["sourceEvents"],
  stored: readonly StoredEvent[],
): LoadedAggregate["sourceEvents"] {
  const added = stored.filter(({ eventId }) => isSourceId(eventId));
  if (added.length === 0) return known;
  // Grown in place: copying it for every event would make a stream of n imports cost n². Entries are only ever
  // added, and an entry that an older view sees early is still true.
  const map = known instanceof Map ? known : new Map(known);
  for (const { eventId, revision, position } of added) map.set(eventId, { revision, position });
  return map;
}

/** A uuid of version 5 names its source; all others are random or time-based and never come again. */
function isSourceId(eventId: string): boolean {
  return eventId.charAt(14) === "5";
}
