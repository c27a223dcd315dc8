import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { KeyedQueue } from "../command/keyed-queue.ts";
import { TidemarkError } from "../errors.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";
import type {
  IdempotencyEntry,
  IdempotencyIdentity,
  IdempotencyRecord,
} from "../event-store/idempotency-record.ts";
import { claimVerdict } from "./claim-verdict.ts";
import { claimEvent, keyStream, parseClaim, type ClaimedPlace, type KeyClaim } from "./key-claim.ts";
import type { KurrentDbEventData } from "./kurrentdb-client.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StreamAppender, StreamAppendResult } from "./stream-appender.ts";

export type KeyedResult =
  StreamAppendResult | { readonly status: "already-recorded"; readonly record: IdempotencyRecord };

/**
 * Milliseconds for which an append that was claimed may still arrive. Longer than `settleMs` and the deadline of a
 * call together.
 */
const openMs = 30_000;

/** A claim that is older than this, when its append is about to be sent, is made anew. */
const freshMs = 5_000;

const waitMs = 5_000;
const pollMs = 100;

/**
 * Idempotency keys on a server that writes one stream at a time (docs/adr/0011). Before an append, its key's stream is
 * told at which place of which stream its first event will stand, and the answer. The record counts if and only if that
 * event is there: the claim is no promise, the event decides. A repeat either finds the event, or competes for the same
 * place, where one of the two can win.
 */
export class IdempotencyClaims {
  readonly #reader: RecordReader;
  readonly #appender: StreamAppender;
  readonly #reserved: string;
  readonly #queue = new KeyedQueue(100_000);
  /** Claims of this process whose append the server refused: their events will never be there. */
  readonly #refused = new LRUCache<string, bigint>({ max: 10_000 });

  constructor(reader: RecordReader, appender: StreamAppender, reserved: string) {
    this.#reader = reader;
    this.#appender = appender;
    this.#reserved = reserved;
  }

  async find(identity: IdempotencyIdentity): Promise<IdempotencyRecord | null> {
    const stream = keyStream(this.#reserved, identity);
    const verdict = await this.#verdict(stream, await this.#latest(stream));
    return verdict.status === "recorded" ? verdict.record : null;
  }

  /**
   * Claims and appends at an exact place; without events the claim itself is the answer.
   *
   * @throws TidemarkError `in-progress` while another process may be about to answer.
   */
  append(
    entry: IdempotencyEntry,
    name: string,
    events: readonly KurrentDbEventData[],
    expected: bigint | "no-stream",
  ): Promise<KeyedResult | { readonly status: "recorded" }> {
    const stream = keyStream(this.#reserved, entry.identity);
    return this.#queue.run(stream, () => this.#append(stream, entry, name, events, expected));
  }

  async #append(
    stream: string,
    entry: IdempotencyEntry,
    name: string,
    events: readonly KurrentDbEventData[],
    expected: bigint | "no-stream",
  ): Promise<KeyedResult | { readonly status: "recorded" }> {
    const after = expected === "no-stream" ? null : expected;
    const [first] = events;
    const place = first && { stream: name, after, eventId: first.id, events: events.length };
    const patience = performance.now() + waitMs;
    for (;;) {
      const latest = await this.#latest(stream);
      const verdict = await this.#verdict(stream, latest);
      if (verdict.status === "recorded") return { status: "already-recorded", record: verdict.record };
      if (verdict.status === "open" && latest !== null && !mayReplace(latest, place)) {
        if (performance.now() > patience) throw inProgress();
        await delay(pollMs);
        continue;
      }
      const begun = performance.now();
      const keyRevision: ExpectedRevision = latest?.revision ?? "no-stream";
      const claim = await this.#appender.append(stream, [claimEvent(entry, place ?? null)], keyRevision);
      if (claim.status === "conflict" || performance.now() - begun > freshMs) continue;
      if (place === undefined) return { status: "recorded" };
      const result = await this.#appender.append(name, events, expected);
      if (result.status === "conflict") this.#refused.set(stream, claim.revision);
      return result;
    }
  }

  async #latest(stream: string): Promise<KeyClaim | null> {
    const chunk = await this.#reader.stream(stream, "end", { direction: "backwards", maxCount: 1 });
    const [record] = chunk?.records ?? [];
    return record === undefined ? null : parseClaim(record);
  }

  async #verdict(stream: string, claim: KeyClaim | null): ReturnType<typeof claimVerdict> {
    if (claim === null || this.#refused.get(stream) === claim.revision) return { status: "free" };
    return claimVerdict(this.#reader, claim);
  }
}

/** Whether a claim that is still open may be replaced: only one of the two appends can then succeed. */
function mayReplace({ place: claimed, createdAt }: KeyClaim, place: ClaimedPlace | undefined): boolean {
  const abandoned = Date.now() - createdAt.getTime() > openMs;
  const competes = place !== undefined && claimed?.stream === place.stream && claimed.after === place.after;
  return abandoned || competes;
}

function inProgress(): TidemarkError {
  return new TidemarkError(
    "in-progress",
    "The first request with this Idempotency-Key may still be running in another process: ask again in a moment.",
    { details: { retryAfterSeconds: 1 } },
  );
}
