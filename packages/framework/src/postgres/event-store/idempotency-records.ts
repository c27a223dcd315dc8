import type pg from "pg";
import type { IdempotencyIdentity, IdempotencyRecord } from "../../event-store/idempotency-record.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { LogReader } from "./log-reader.ts";

const purgeStep = 1_000;
const purgeIntervalMs = 60_000;

/** The record that is kept for a key, unless it has expired. */
export async function findIdempotencyRecord(
  { connections, schema }: LogReader,
  { tenant, principal, key }: IdempotencyIdentity,
): Promise<IdempotencyRecord | null> {
  const [row] = await connections.query<
    [requestHash: string, body: string, revision: string | null, position: string | null]
  >({
    name: "tidemark_idempotency_record",
    text: `select encode(request_hash, 'hex'), encode(body, 'hex'), revision, position
           from ${schema}.idempotency_records
           where tenant = $1 and principal = $2 and key = $3 and expires_at > clock_timestamp()`,
    values: [tenant, principal, key],
  });
  if (row === undefined) return null;
  const [requestHash, body, revision, position] = row;
  return {
    requestHash: Buffer.from(requestHash, "hex"),
    body: Buffer.from(body, "hex"),
    revision: revision === null ? null : BigInt(revision),
    position: position === null ? null : BigInt(position),
  };
}

/** Deletes expired records a thousand at a time, in the background, at most once a minute. */
export class IdempotencyPurge {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #logger: Logger;
  #last = performance.now();
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(pool: pg.Pool, schema: string, logger: Logger) {
    this.#pool = pool;
    this.#schema = schema;
    this.#logger = logger;
  }

  /** Called with every keyed append: a store that records nothing has nothing to purge. */
  recorded(): void {
    if (this.#running !== null || this.#closed || performance.now() - this.#last < purgeIntervalMs) return;
    this.#last = performance.now();
    this.#running = this.run()
      .then((deleted) => this.#logger.debug({ deleted }, "Expired idempotency records were deleted"))
      .catch((error: unknown) => {
        this.#logger.warn({ err: error }, "Expired idempotency records could not be deleted; trying later");
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Deletes all that have expired, in short transactions. @returns how many */
  async run(signal?: AbortSignal): Promise<number> {
    let deleted = 0;
    for (;;) {
      signal?.throwIfAborted();
      // SKIP LOCKED: an append that replaces an expired record is never waited for.
      const { rowCount } = await this.#pool.query(
        `delete from ${this.#schema}.idempotency_records where ctid in (
           select ctid from ${this.#schema}.idempotency_records where expires_at <= clock_timestamp()
           order by expires_at limit ${purgeStep} for update skip locked)`,
      );
      deleted += rowCount ?? 0;
      if ((rowCount ?? 0) < purgeStep || this.#closed) return deleted;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}
