import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import type { AppendOutcome } from "../../event-store/event-store.ts";
import { isConnectionLoss, isInfrastructureError } from "../../infrastructure-error.ts";
import { appendOutcomes, type AppendRow } from "./append-outcome.ts";
import {
  appendEventArguments,
  appendEventOutcome,
  appendEventStatementText,
  type AppendEventRow,
} from "./append-event-statement.ts";
import { appendStatementText, appendStatementArguments, type AppendCall } from "./append-statement.ts";
import type { Catalogue } from "./catalogue.ts";
import { logFull, type DiskGuard } from "./disk-guard.ts";
import { GroupCommit, type GroupCommitLimits } from "./group-commit.ts";
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
  readonly groupCommit: GroupCommitLimits;
  readonly diskGuard: DiskGuard | null;
}

// Said once a connection: in each call they cost 10 microseconds. A transaction pooler hands out connections of others.
const planner =
  "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; " +
  "set enable_mergejoin = off; set jit = off";

/** Sends appends to the one locked procedure, and finds out what became of them when the connection breaks. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #text: string;
  readonly #eventText: string;
  readonly #configured = new WeakSet<pg.PoolClient>();
  readonly #groupCommit: GroupCommit;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#text = appendStatementText(options.schema);
    this.#eventText = appendEventStatementText(options.schema);
    this.#groupCommit = new GroupCommit({
      appendSet: (calls) => this.appendSet(calls),
      isPoison: (error) =>
        error instanceof TidemarkError
          ? !error.retryable && error.code !== "log-diverged"
          : !isInfrastructureError(error),
      limits: options.groupCommit,
    });
  }

  /** What waits in this process now. */
  get waiting(): GroupCommit["waiting"] {
    return this.#groupCommit.waiting;
  }

  /**
   * Appends, and after a connection loss asks again until the idempotency key tells what happened.
   *
   * @throws TidemarkError `outcome-unknown` without a key or when no answer comes in time; `store-unavailable`,
   * `overloaded` or `log-full` when certainly nothing was written.
   */
  async append(call: AppendCall, signal?: AbortSignal): Promise<AppendOutcome> {
    signal?.throwIfAborted();
    this.#options.diskGuard?.check();
    try {
      return await this.#groupCommit.append(call, signal);
    } catch (error) {
      if (!isUnknown(error) || call.idempotency === null) throw error;
      return await this.#settle(call, error, signal);
    }
  }

  /** One atomic step for a set of calls, each with an outcome of its own; a stream or key may occur once in a set. */
  async appendSet(calls: readonly AppendCall[]): Promise<AppendOutcome[]> {
    const { pool, preparedStatements } = this.#options;
    const client = await pool.connect().catch((cause: unknown) => {
      throw connectionFailure(pool, cause);
    });
    try {
      if (preparedStatements && !this.#configured.has(client)) {
        await client.query(planner);
        this.#configured.add(client);
      }
      const outcomes = await this.#send(client, calls);
      client.release();
      return outcomes;
    } catch (error) {
      const lost = isConnectionLoss(error);
      client.release(lost);
      if (lost) throw unknown(error);
      if (isDiskFull(error)) throw logFull(error.message, error);
      throw isInfrastructureError(error) || isTimeout(error) ? unavailable(error) : error;
    }
  }

  async #send(client: pg.PoolClient, calls: readonly AppendCall[]): Promise<AppendOutcome[]> {
    // With the connection in hand: a new one has let the catalogue forget what it knew.
    const { catalogue } = this.#options;
    const [call] = calls;
    const event = call === undefined || calls.length > 1 ? null : appendEventArguments(call, catalogue);
    if (call !== undefined && event !== null) {
      const row = await this.#query<AppendEventRow>(client, "tidemark_append_event", this.#eventText, event);
      return [appendEventOutcome(call, row)];
    }
    const { values, addsToCatalogue } = appendStatementArguments(calls, catalogue);
    const row = await this.#query<AppendRow>(client, "tidemark_append_events", this.#text, values);
    // The events are stored: if this read fails, the next set brings the same additions along again.
    if (addsToCatalogue) await catalogue.refresh().catch(() => {});
    return appendOutcomes(calls, row);
  }

  async #query<Row extends pg.QueryResultRow>(
    client: pg.PoolClient,
    name: string,
    text: string,
    values: unknown[],
  ): Promise<Row> {
    const prepared = this.#options.preparedStatements ? { name } : {};
    const { rows } = await client.query<Row>({ ...prepared, text, values });
    const [row] = rows;
    if (row === undefined) throw new Error(`${name} returned no row`);
    return row;
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
        const isTransient = error instanceof TidemarkError ? error.retryable : isInfrastructureError(error);
        if (!isTransient) throw error;
      }
    }
    throw first;
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === "outcome-unknown";
}

function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "53100";
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
