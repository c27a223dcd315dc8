import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import type { AppendOutcome } from "../../event-store/event-store.ts";
import { isConnectionLoss, isInfrastructureError } from "../../infrastructure-error.ts";
import { appendOutcomes, type AppendRow } from "./append-outcome.ts";
import { appendStatementText, appendStatementArguments, type AppendCall } from "./append-statement.ts";
import type { Catalogue } from "./catalogue.ts";
import { GroupCommit } from "./group-commit.ts";
import { connectionFailure, unavailable } from "./read-connections.ts";

const firstRetryDelayMs = 50;
const longestRetryDelayMs = 2_000;

interface AppenderOptions {
  /** A pool with the int8-to-bigint parser. */
  readonly pool: pg.Pool;
  /** Quoted database schema. */
  readonly schema: string;
  readonly catalogue: Catalogue;
  readonly preparedStatements: boolean;
  /** How long an unknown outcome with an idempotency key is retried, in milliseconds. */
  readonly settleMs: number;
}

/** Sends appends to the one locked procedure, and finds out what became of them when the connection breaks. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #text: string;
  readonly #groupCommit: GroupCommit;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#text = appendStatementText(options.schema);
    this.#groupCommit = new GroupCommit({
      appendSet: (calls) => this.appendSet(calls),
      isPoison: (error) =>
        error instanceof TidemarkError ? !error.retryable : !isInfrastructureError(error),
      maxSet: { events: 1_000, bytes: 1_048_576 },
      maxQueue: { events: 20_000, bytes: 64 * 1_048_576 },
    });
  }

  /**
   * Appends, and after a connection loss asks again until the idempotency key tells what happened.
   *
   * @throws TidemarkError `outcome-unknown` without a key or when no answer comes in time, `store-unavailable` when
   * certainly nothing was written.
   */
  async append(call: AppendCall, signal?: AbortSignal): Promise<AppendOutcome> {
    signal?.throwIfAborted();
    try {
      return await this.#groupCommit.append(call);
    } catch (error) {
      if (!isUnknown(error) || call.idempotency === null) throw error;
      return await this.#settle(call, error, signal);
    }
  }

  /** One atomic step for a set of calls, each with an outcome of its own; a stream or key may occur once in a set. */
  async appendSet(calls: readonly AppendCall[]): Promise<AppendOutcome[]> {
    const { pool, preparedStatements, catalogue } = this.#options;
    const client = await pool.connect().catch((cause: unknown) => {
      throw connectionFailure(pool, cause);
    });
    try {
      // With the connection in hand: a new one has let the catalogue forget what it knew.
      const { values, addsToCatalogue } = appendStatementArguments(calls, catalogue);
      const { rows } = await client.query<AppendRow>({
        ...(preparedStatements ? { name: "tidemark_append_events" } : {}),
        text: this.#text,
        values,
      });
      client.release();
      // The events are stored: if this read fails, the next set brings the same additions along again.
      if (addsToCatalogue) await catalogue.refresh().catch(() => {});
      const [row] = rows;
      if (row === undefined) throw new Error("append_events returned no row");
      return appendOutcomes(calls, row);
    } catch (error) {
      const lost = isConnectionLoss(error);
      client.release(lost);
      if (lost) throw unknown(error);
      throw isInfrastructureError(error) || isTimeout(error) ? unavailable(error) : error;
    }
  }

  async #settle(call: AppendCall, first: unknown, signal: AbortSignal | undefined): Promise<AppendOutcome> {
    const deadline = performance.now() + this.#options.settleMs;
    let wait = firstRetryDelayMs;
    while (performance.now() + wait < deadline && signal?.aborted !== true) {
      await delay(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {});
      wait = Math.min(wait * 2, longestRetryDelayMs);
      try {
        return await this.#groupCommit.append(call);
      } catch (error) {
        if (!isInfrastructureError(error)) throw error;
      }
    }
    throw first;
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === "outcome-unknown";
}

/** statement_timeout or lock_timeout ended the wait for the lock: nothing was written. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "57014" || error.code === "55P03");
}

function unknown(cause: unknown): TidemarkError {
  return new TidemarkError(
    "outcome-unknown",
    "The connection to the event store broke before the answer to an append arrived: " +
      "read the stream to see whether its events are there, or append with an idempotency key and retry.",
    { cause },
  );
}
