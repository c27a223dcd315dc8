import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../event/stored-event.ts";
import type { AppendCondition } from "./append-condition.ts";
import type { ErasureOutcome, ErasureRequest } from "./erasure.ts";
import type { EventFilter } from "./event-filter.ts";
import type { ExpectedRevision } from "./expected-revision.ts";
import type { IdempotencyEntry, IdempotencyIdentity, IdempotencyRecord } from "./idempotency-record.ts";
import type { EventStoreTelemetry } from "../telemetry/store-telemetry.ts";
import type { StreamMetadata } from "./stream-metadata.ts";

/**
 * What a store can do beyond the common part; an application that needs more is refused at its start. A call that asks
 * for what the store lacks throws `capability-missing` and does nothing.
 */
export interface EventStoreCapabilities {
  /** {@link EventStore.appendMany} of more than one stream. */
  readonly multiStreamAppend: boolean;
  /** {@link AppendOptions.conditions} */
  readonly appendConditions: boolean;
  /**
   * {@link AppendOptions.idempotency} in the same atomic step as the append, and `duplicate-event` for every event id
   * that its stream has already. A store without it refuses idempotency keys, or honours them within limits that its
   * description states.
   */
  readonly transactionalIdempotency: boolean;
  /** No event appears behind a position that a reader has passed. Projections need it. */
  readonly commitOrderPositions: boolean;
  /** Payloads can be taken away for good: see {@link EventStore.eraseStream}. */
  readonly erasure: boolean;
}

export interface StreamAppend {
  readonly streamId: string;
  readonly events: readonly EventToAppend[];
  /** Default `"any"`. */
  readonly expectedRevision?: ExpectedRevision;
}

export interface AppendOptions {
  /** Default: the empty tenant. */
  readonly tenant?: string;
  /** See `capabilities.transactionalIdempotency`. */
  readonly idempotency?: IdempotencyEntry;
  /** All of them must hold. Needs `capabilities.appendConditions`. */
  readonly conditions?: readonly AppendCondition[];
  /** Gives up an append that still waits in this process; one that has been sent gets its answer. */
  readonly signal?: AbortSignal;
}

/**
 * The outcome of an append. Expected outcomes are values; only broken promises (connection lost, limits) throw.
 * Of several reasons against it the first in this order is given: `already-recorded`, `conflict` of the streams that
 * are written, in their order, the conditions in their order, `duplicate-event`.
 *
 * - `appended`: `revisions[i]` is the last revision of the i-th stream (`null`: still no stream, nothing appended)
 *   and `position` that of the last event (`null` when there was none).
 * - `conflict`: nothing was written; `actual` is the stream's last revision, `null` when it does not exist or is
 *   deleted. A condition on a stream that does not hold is one, too.
 * - `condition-failed`: nothing was written; `position` is that of the first event that `condition` excludes.
 * - `duplicate-event`: nothing was written; that event id is already in that stream (or twice in this append).
 *   A store without `transactionalIdempotency` sees only the repeat of a whole append, with the same ids at the same
 *   expected revision. It writes nothing, and may answer `appended` with the revisions and position of the first time.
 * - `already-recorded`: nothing was written; the idempotency key has an answer.
 */
export type AppendOutcome =
  | {
      readonly status: "appended";
      readonly revisions: readonly (bigint | null)[];
      readonly position: bigint | null;
    }
  | {
      readonly status: "conflict";
      readonly streamId: string;
      readonly expected: ExpectedRevision;
      readonly actual: bigint | null;
    }
  | {
      readonly status: "condition-failed";
      readonly condition: AppendCondition;
      readonly position: bigint;
    }
  | { readonly status: "duplicate-event"; readonly eventId: string }
  | { readonly status: "already-recorded"; readonly record: IdempotencyRecord };

export interface ReadStreamOptions {
  readonly tenant?: string;
  /** First revision to read, inclusive; default: the stream's start (forwards) or end (backwards). It may be hidden. */
  readonly from?: bigint;
  readonly direction?: "forwards" | "backwards";
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** Of a stream that is to be deleted. */
export interface DeleteStreamOptions {
  readonly tenant?: string;
  /** Default `"stream-exists"`. */
  readonly expectedRevision?: ExpectedRevision;
}

export interface ReadAllOptions {
  /** Default: the empty tenant; its events only. */
  readonly tenant?: string;
  /** Backwards goes from newer to older events. Default `"forwards"`. */
  readonly direction?: "forwards" | "backwards";
  /** Where to begin, exclusive; `0n` is before the first event. Default: `0n`, or behind the head when backwards. */
  readonly after?: bigint;
  readonly filter?: EventFilter;
  /** Stop after this many events. */
  readonly limit?: number;
  /** Stop at this position, inclusive: backwards the oldest one to read. */
  readonly upTo?: bigint;
  /** Events a page at most; default 1,000. */
  readonly pageSize?: number;
  /** A page ends with the event that brings it to so many bytes of payload and metadata; a store may end it before. */
  readonly pageBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * A stretch of the log: everything up to `scannedTo` has been looked at (backwards: down to it), and the matching
 * events are here, in the order of reading. A read that goes on `after: scannedTo` misses and repeats nothing.
 * An event need not stand there.
 */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly scannedTo: bigint;
}

/**
 * The append-only log. Positions are opaque, increasing and greater than `0n`; no code computes position + 1.
 * Every reader sees every event once and in order of position, and no event appears behind a position
 * that a reader has passed.
 *
 * Every operation throws `store-unavailable` when the store cannot be reached, `log-diverged` when another store is
 * behind its address, and `application-closed` after `close`; `readStream` and
 * `readAll` throw their signal's reason when it aborts.
 */
export interface EventStore {
  readonly capabilities: EventStoreCapabilities;

  /** A uuid made with the store: part of every checkpoint and consistency token. Known after `open`. */
  readonly storeId: string;

  /** What the store tells about itself, for metrics and status; a store need not. */
  readonly telemetry?: EventStoreTelemetry;

  /** Connects and migrates. Called once, before anything else. */
  open(): Promise<void>;

  /**
   * Appends to one stream, all events or none; their order is kept.
   *
   * @throws TidemarkError `stream-name-invalid`, `event-invalid`, `event-too-large`, `validation-failed`: the call is not
   * a good one. `overloaded`, `log-full`, `store-unavailable`, `log-diverged`, `application-closed`: certainly nothing
   * was written. `outcome-unknown`: nobody can tell; with an idempotency key or at an exact revision it may be sent
   * again.
   * @example
   * const outcome = await store.append("account-1", events, { expectedRevision: "no-stream" });
   * if (outcome.status === "conflict") console.log(outcome.actual);
   */
  append(
    streamId: string,
    events: readonly EventToAppend[],
    options?: AppendOptions & { readonly expectedRevision?: ExpectedRevision },
  ): Promise<AppendOutcome>;

  /** Several streams, all or nothing. Needs `capabilities.multiStreamAppend`. A stream may occur once. */
  appendMany(appends: readonly StreamAppend[], options?: AppendOptions): Promise<AppendOutcome>;

  /** Empty when there is no such stream. */
  readStream(streamId: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>;

  /** Ends at the head of the log as it was when the read began, or at `upTo`; the last page reports how far it scanned. */
  readAll(options?: ReadAllOptions): AsyncIterable<EventPage>;

  /** Like `readAll`, but goes on for ever: pages arrive as events are appended, until `signal` aborts (then it returns). */
  subscribe(options?: Omit<ReadAllOptions, "limit" | "upTo" | "direction">): AsyncIterable<EventPage>;

  /**
   * Where a read that begins now ends: the position of the last event of all tenants, or one behind it in a log that
   * holds other events, too.
   */
  head(): Promise<bigint>;

  /** The event at exactly this position, `null` when none is; for comparing a checkpoint with the log. */
  eventIdAt(position: bigint): Promise<string | null>;

  /**
   * The events at exactly these positions, in order of position, whatever their tenant; at most 1,000 at a time.
   * Positions without an event are left out.
   */
  eventsAt(
    positions: readonly bigint[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly StoredEvent[]>;

  /** A schema of the store's own catalogue; cached, since a schema never changes. */
  schema(sha256: string): Promise<EventSchema | null>;

  /** The whole catalogue, for the comparison with the registry at start. */
  schemas(): Promise<readonly EventSchema[]>;

  /** See `capabilities.transactionalIdempotency`. */
  findIdempotencyRecord(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null>;

  /** Empty when nothing bounds the stream, or there is none. */
  streamMetadata(streamId: string, options?: { readonly tenant?: string }): Promise<StreamMetadata>;

  /**
   * Replaces the stream's metadata: what it leaves out bounds no more. `maxCount` and `maxAgeSeconds` are whole
   * numbers of at least 1.
   *
   * @throws TidemarkError `stream-not-found` when there is none or it is deleted, `validation-failed`.
   */
  setStreamMetadata(
    streamId: string,
    metadata: StreamMetadata,
    options?: { readonly tenant?: string },
  ): Promise<void>;

  /**
   * Soft delete: the stream reads as empty, loses its metadata and counts as missing for expected revisions; its
   * events stay in the log. The next append with events continues its revisions, may also expect the last revision,
   * and reads of the stream show nothing older from then on, whatever its metadata. A stream that is missing already
   * is a conflict, unless `"any"` or `"no-stream"` is expected.
   */
  deleteStream(
    streamId: string,
    options?: DeleteStreamOptions,
  ): Promise<{ readonly status: "deleted" } | (AppendOutcome & { readonly status: "conflict" })>;

  /**
   * Takes payloads away for good, with a record of it, also those that metadata or a soft delete hides. Needs
   * `capabilities.erasure`. The outcome tells what this call took away, without what was erased before.
   *
   * @throws TidemarkError `stream-not-found` when the stream never had an event, `validation-failed`.
   */
  eraseStream(streamId: string, request: ErasureRequest): Promise<ErasureOutcome>;

  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
