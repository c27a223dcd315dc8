import type {
  IdempotencyEntry,
  IdempotencyIdentity,
  IdempotencyRecord,
} from "../event-store/idempotency-record.ts";

/** The idempotency records of an in-memory store. */
export class InMemoryRecords {
  readonly #now: () => Date;
  readonly #records = new Map<string, { readonly record: IdempotencyRecord; readonly expiresAt: number }>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  find(identity: IdempotencyIdentity): IdempotencyRecord | null {
    const kept = this.#records.get(recordKey(identity));
    return kept !== undefined && kept.expiresAt > this.#now().getTime() ? kept.record : null;
  }

  keep(
    { identity, requestHash, body, timeToLiveMs }: IdempotencyEntry,
    revision: bigint | null,
    position: bigint | null,
  ): void {
    const record = { requestHash: Buffer.from(requestHash), body: Buffer.from(body), revision, position };
    this.#records.set(recordKey(identity), { record, expiresAt: this.#now().getTime() + timeToLiveMs });
  }
}

function recordKey({ tenant, principal, key }: IdempotencyIdentity): string {
  return `${tenant}\0${principal}\0${key}`;
}
