import { TidemarkError } from "../errors.ts";
import type { AppendLimits } from "../event-store/append-limits.ts";
import { checkAppend } from "../event-store/check-append.ts";
import type { AppendOptions, AppendOutcome, StreamAppend } from "../event-store/event-store.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";
import type { IdempotencyEntry } from "../event-store/idempotency-record.ts";
import type { LargeEventWarning } from "../event-store/large-event-warning.ts";
import { toEventData } from "./event-envelope.ts";
import type { IdempotencyClaims } from "./idempotency-claims.ts";
import type { KurrentDbEventData } from "./kurrentdb-client.ts";
import type { SchemaCatalogue } from "./schema-catalogue.ts";
import type { NamedStream, StreamAdministration } from "./stream-administration.ts";
import type { StreamAppender } from "./stream-appender.ts";
import type { StreamNames } from "./stream-names.ts";

interface EventWriterOptions {
  readonly names: StreamNames;
  readonly appender: StreamAppender;
  readonly administration: StreamAdministration;
  readonly schemas: SchemaCatalogue;
  readonly claims: IdempotencyClaims;
  readonly limits: AppendLimits;
  readonly largeEvents: LargeEventWarning;
}

/** How often an append that expects no revision, but has a key, looks for the revision that it stands at. */
const attempts = 50;

/** Appends to one stream, with or without an idempotency key. */
export class EventWriter {
  readonly #options: EventWriterOptions;

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  async append([append]: readonly StreamAppend[], options: AppendOptions): Promise<AppendOutcome> {
    const { names, schemas, limits, largeEvents } = this.#options;
    const repeated = checkAppend(append === undefined ? [] : [append], options, limits);
    if (repeated !== null) return { status: "duplicate-event", eventId: repeated };
    options.signal?.throwIfAborted();
    if (append === undefined) return { status: "appended", revisions: [], position: null };
    const { streamId, events, expectedRevision: expected = "any" } = append;
    const { tenant = "", idempotency } = options;
    largeEvents.check(events);
    await schemas.ensure(events);
    const stream = { streamId, name: names.of(tenant, streamId) };
    const data = events.map((event) => toEventData(event, tenant));
    if (idempotency !== undefined) return this.#appendKeyed(stream, data, expected, idempotency);
    return data.length === 0 ? this.#check(stream, expected) : this.#append(stream, data, expected);
  }

  async #append(
    stream: NamedStream,
    events: readonly KurrentDbEventData[],
    expected: ExpectedRevision,
  ): Promise<AppendOutcome> {
    const result = await this.#options.appender.append(stream.name, events, expected);
    if (result.status === "appended")
      return { status: "appended", revisions: [result.revision], position: result.position };
    // Without a demand on the stream only its own ids can stand in the way: some are there already.
    if (expected === "any") return { status: "duplicate-event", eventId: events[0]?.id ?? "" };
    return this.#conflict(stream, expected, result.actual);
  }

  /**
   * Without a key the server decides. With one, the place of the events must be known before: an append that expects no
   * revision is one at the revision that the stream has.
   */
  async #appendKeyed(
    stream: NamedStream,
    events: readonly KurrentDbEventData[],
    expected: ExpectedRevision,
    entry: IdempotencyEntry,
  ): Promise<AppendOutcome> {
    const { claims, administration } = this.#options;
    const loose = expected === "any" || expected === "stream-exists";
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      let exact: bigint | "no-stream" = loose ? "no-stream" : expected;
      if (loose || events.length === 0) {
        const record = await claims.find(entry.identity);
        if (record !== null) return { status: "already-recorded", record };
        const { met, actual } = await administration.meets(stream.name, expected);
        if (!met) return { status: "conflict", streamId: stream.streamId, expected, actual };
        exact = actual ?? "no-stream";
      }
      const result = await claims.append(entry, stream.name, events, exact);
      switch (result.status) {
        case "already-recorded":
          return result;
        case "recorded":
          return { status: "appended", revisions: [exact === "no-stream" ? null : exact], position: null };
        case "appended":
          return { status: "appended", revisions: [result.revision], position: result.position };
        case "conflict":
          if (!loose) return this.#conflict(stream, expected, result.actual);
      }
    }
    throw new TidemarkError(
      "conflict",
      `Other writers were faster on ${stream.streamId} ${attempts} times: try again later.`,
      { details: { retryAfterSeconds: 1 } },
    );
  }

  /** An append of nothing: a server would bring a deleted stream back to life for it. */
  async #check({ streamId, name }: NamedStream, expected: ExpectedRevision): Promise<AppendOutcome> {
    const { met, actual } = await this.#options.administration.meets(name, expected);
    return met
      ? { status: "appended", revisions: [actual], position: null }
      : { status: "conflict", streamId, expected, actual };
  }

  /** The server tells the last revision of a deleted stream, too. */
  async #conflict(
    { streamId, name }: NamedStream,
    expected: ExpectedRevision,
    told: bigint | null,
  ): Promise<AppendOutcome> {
    const asked = expected !== "no-stream" && told !== null;
    const actual = asked ? await this.#options.administration.lastRevision(name) : told;
    return { status: "conflict", streamId, expected, actual };
  }
}
