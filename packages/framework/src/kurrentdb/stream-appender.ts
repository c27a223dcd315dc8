import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";
import type { KurrentDbClient, KurrentDbEventData, KurrentDbExpectation } from "./kurrentdb-client.ts";
import { failureOf, translated } from "./kurrentdb-error.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StoreIdentity } from "./store-identity.ts";

export type StreamAppendResult =
  | { readonly status: "appended"; readonly revision: bigint; readonly position: bigint }
  | { readonly status: "conflict"; readonly actual: bigint | null };

const firstRetryDelayMs = 20;
const longestRetryDelayMs = 500;

/** Milliseconds that an append waits for a server which it has not reached at all. */
const connectMs = 2_000;

/** Events behind the end of a stream among which an append whose answer was lost looks for itself. */
const lookBack = 1_000;

/**
 * Appends to one stream of the server. When an answer is lost the same event ids are sent again at the same expected
 * revision: the server knows them, and answers as it would have the first time.
 */
export class StreamAppender {
  readonly #client: KurrentDbClient;
  readonly #reader: RecordReader;
  readonly #settleMs: number;
  readonly #identity: Pick<StoreIdentity, "suspect" | "check"> | null;

  constructor(options: {
    readonly client: KurrentDbClient;
    readonly reader: RecordReader;
    readonly settleMs: number;
    /** Looked at before anything is sent again; `null` while there is none. */
    readonly identity: Pick<StoreIdentity, "suspect" | "check"> | null;
  }) {
    this.#client = options.client;
    this.#reader = options.reader;
    this.#settleMs = options.settleMs;
    this.#identity = options.identity;
  }

  /** @throws TidemarkError `outcome-unknown`, `store-unavailable`, `event-too-large`, `stream-not-found`. */
  async append(
    name: string,
    events: readonly KurrentDbEventData[],
    expected: ExpectedRevision,
  ): Promise<StreamAppendResult> {
    const begun = performance.now();
    let lost: unknown = null;
    for (let wait = firstRetryDelayMs; ; wait = Math.min(wait * 2, longestRetryDelayMs)) {
      try {
        await this.#identity?.check();
        // The server forgets ids that were sent without a revision; the stream does not.
        const before = lost !== null && isLoose(expected) ? await this.#stored(name, events, expected) : null;
        return before ?? (await this.#send(name, events, expected));
      } catch (error) {
        if (error instanceof TidemarkError && error.code === "log-diverged") throw error;
        const failure = failureOf(error);
        if (failure.kind === "conflict") {
          const stored = lost === null ? null : await this.#stored(name, events, expected).catch(() => null);
          return stored ?? { status: "conflict", actual: failure.actual };
        }
        this.#identity?.suspect();
        if (failure.kind === "lost") lost ??= error;
        else if (failure.kind !== "not-sent") throw lost === null ? translated(error) : unknownOutcome(lost);
        const patience = lost === null ? Math.min(connectMs, this.#settleMs) : this.#settleMs;
        if (performance.now() - begun + wait > patience)
          throw lost === null ? translated(error) : unknownOutcome(lost);
      }
      await delay(wait * (0.75 + Math.random() / 2));
    }
  }

  async #send(
    name: string,
    events: readonly KurrentDbEventData[],
    expected: ExpectedRevision,
  ): Promise<StreamAppendResult> {
    const expectation = expectationOf(expected);
    const { nextExpectedRevision: revision, position } = await this.#client.appendToStream(
      name,
      [...events],
      {
        expectedRevision: expectation,
        streamState: expectation,
        requiresLeader: true,
      },
    );
    if (position !== undefined) return { status: "appended", revision, position: position.commit };
    const last = await this.#reader
      .stream(name, revision, { direction: "forwards", maxCount: 1 })
      .catch((cause: unknown) => {
        throw new Error("the position of an append is not known", { cause });
      });
    return { status: "appended", revision, position: last?.records[0]?.commit ?? 0n };
  }

  /** These events, if the stream has them where they would be. */
  async #stored(
    name: string,
    events: readonly KurrentDbEventData[],
    expected: ExpectedRevision,
  ): Promise<StreamAppendResult | null> {
    const chunk = isLoose(expected)
      ? await this.#reader.stream(name, "end", { direction: "backwards", maxCount: lookBack })
      : await this.#reader.stream(name, expected === "no-stream" ? "start" : expected + 1n, {
          direction: "forwards",
          maxCount: events.length,
        });
    const records = chunk === null ? [] : isLoose(expected) ? chunk.records.toReversed() : chunk.records;
    const first = records.findIndex(({ id }) => id === events[0]?.id);
    const found = first < 0 ? [] : records.slice(first, first + events.length);
    const last = found.at(-1);
    if (last === undefined || found.length < events.length) return null;
    return { status: "appended", revision: last.revision, position: last.commit };
  }
}

function isLoose(expected: ExpectedRevision): expected is "any" | "stream-exists" {
  return expected === "any" || expected === "stream-exists";
}

export function expectationOf(expected: ExpectedRevision): KurrentDbExpectation {
  if (expected === "no-stream") return "no_stream";
  return expected === "stream-exists" ? "stream_exists" : expected;
}

function unknownOutcome(cause: unknown): TidemarkError {
  return new TidemarkError(
    "outcome-unknown",
    "The connection to KurrentDB was lost before the answer arrived, and the append may have been stored: " +
      "append the same event ids at the same expected revision again, or use an idempotency key.",
    { cause, details: { retryAfterSeconds: 1 } },
  );
}
