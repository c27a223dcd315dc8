import { KeyedQueue } from "../command/keyed-queue.ts";
import { TidemarkError } from "../errors.ts";
import type { AppendOutcome } from "../event-store/event-store.ts";
import { meetsExpectation, type ExpectedRevision } from "../event-store/expected-revision.ts";
import type { StreamMetadata } from "../event-store/stream-metadata.ts";
import type { KurrentDbClient } from "./kurrentdb-client.ts";
import { failureOf, translated } from "./kurrentdb-error.ts";
import type { RecordReader } from "./record-reader.ts";
import { expectationOf } from "./stream-appender.ts";
import { readStreamBounds, toServerMetadata } from "./stream-bounds.ts";

/** A stream of a tenant, and its name on the server. */
export interface NamedStream {
  readonly streamId: string;
  readonly name: string;
}

type DeleteOutcome = { readonly status: "deleted" } | (AppendOutcome & { readonly status: "conflict" });

/** Bounds and deletion of streams, as the server does them. */
export class StreamAdministration {
  readonly #client: KurrentDbClient;
  readonly #reader: RecordReader;
  /** The server lets every one of several deletions win. */
  readonly #deletions = new KeyedQueue(100_000);

  constructor(client: KurrentDbClient, reader: RecordReader) {
    this.#client = client;
    this.#reader = reader;
  }

  /**
   * Last revision of a stream, `null` when it does not exist or is deleted. A stream whose events are all hidden by its
   * bounds has the last revision that an append which cannot succeed is told.
   */
  async lastRevision(name: string): Promise<bigint | null> {
    const chunk = await this.#reader.stream(name, "end", { direction: "backwards", maxCount: 1 });
    if (chunk === null) return null;
    const [last] = chunk.records;
    return last === undefined ? this.#askedLastRevision(name) : last.revision;
  }

  async metadata(name: string): Promise<StreamMetadata> {
    const { deleted, metadata } = await readStreamBounds(this.#reader, name);
    return deleted ? {} : metadata;
  }

  /** @throws TidemarkError `stream-not-found` */
  async setMetadata({ streamId, name }: NamedStream, metadata: StreamMetadata): Promise<void> {
    for (;;) {
      const bounds = await readStreamBounds(this.#reader, name);
      const chunk = await this.#reader.stream(name, "end", { direction: "backwards", maxCount: 1 });
      if (chunk === null) {
        throw new TidemarkError(
          "stream-not-found",
          `There is no stream ${JSON.stringify(streamId)}: append to it first, or check its name.`,
        );
      }
      const expectation = bounds.revision ?? "no_stream";
      try {
        await this.#client.setStreamMetadata(name, toServerMetadata(metadata, bounds), {
          expectedRevision: expectation,
          streamState: expectation,
          requiresLeader: true,
        });
        return;
      } catch (error) {
        // Somebody else has changed it since it was read.
        if (failureOf(error).kind !== "conflict") throw translated(error);
      }
    }
  }

  /** Whether an append of nothing meets the expectation, which a deleted stream does at its last revision, too. */
  async meets(
    name: string,
    expected: ExpectedRevision,
  ): Promise<{ readonly met: boolean; readonly actual: bigint | null }> {
    const actual = await this.lastRevision(name);
    const met = meetsExpectation(expected, actual);
    if (met || actual !== null || typeof expected !== "bigint") return { met, actual };
    return { met: (await this.#askedLastRevision(name)) === expected, actual };
  }

  delete(stream: NamedStream, expected: ExpectedRevision): Promise<DeleteOutcome> {
    return this.#deletions.run(stream.name, () => this.#delete(stream, expected));
  }

  async #delete({ streamId, name }: NamedStream, expected: ExpectedRevision): Promise<DeleteOutcome> {
    const actual = await this.lastRevision(name);
    const conflict = { status: "conflict", streamId, expected, actual } as const;
    if (!meetsExpectation(expected, actual)) return conflict;
    if (actual === null) return { status: "deleted" };
    try {
      const expectation = expectationOf(expected);
      const expectedRevision = expectation === "stream_exists" ? "any" : expectation;
      await this.#client.deleteStream(name, { expectedRevision, requiresLeader: true });
      return { status: "deleted" };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "conflict") return { ...conflict, actual: failure.actual };
      // A lost answer: the stream is deleted, or it is not.
      if (failure.kind === "lost" && (await this.lastRevision(name)) === null) return { status: "deleted" };
      throw translated(error);
    }
  }

  async #askedLastRevision(name: string): Promise<bigint | null> {
    const impossible = 2n ** 62n;
    try {
      await this.#client.appendToStream(name, [], {
        expectedRevision: impossible,
        streamState: impossible,
        requiresLeader: true,
      });
      return null;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "conflict") return failure.actual;
      throw translated(error);
    }
  }
}
