import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import type { AppendOutcome } from "../../event-store/event-store.ts";
import { isConnectionLoss, isInfrastructureError } from "../../infrastructure-error.ts";
import type { AppendConnection } from "./append-connection.ts";
import {
  appendEventArguments,
  appendEventOutcome,
  appendEventStatementText,
} from "./append-event-statement.ts";
import { appendAnswer, type AppendAnswer } from "./append-outcome.ts";
import { appendStatementText, appendStatementArguments, type AppendCall } from "./append-statement.ts";
import { AppendSession } from "./append-session.ts";
import type { Catalogue } from "./catalogue.ts";
import { logFull, type DiskGuard } from "./disk-guard.ts";
import { GroupCommit, type GroupCommitLimits } from "./group-commit.ts";
import { unavailable } from "./read-connections.ts";

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
  /** Called before the callers are answered. */
  readonly onAppended: (set: AppendedSet) => void;
}

/** What of a set concerns more than its callers. */
export interface AppendedSet {
  /** Of its last event; null when nothing was appended. */
  readonly position: bigint | null;
  readonly hasKeys: boolean;
}

/** Sends appends to the one locked procedure, and finds out what became of them when the connection breaks. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #text: string;
  readonly #eventText: string;
  readonly #session: AppendSession;
  readonly #groupCommit: GroupCommit;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#session = new AppendSession(options.pool, options);
    this.#text = appendStatementText(options.schema);
    this.#eventText = appendEventStatementText(options.schema);
    this.#groupCommit = new GroupCommit({
      appendSet: (calls) => this.#appendSet(calls),
      // A transaction pooler gives each call a connection of its own: they would wait for each other there.
      sets: options.preparedStatements ? 2 : 1,
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
  append(call: AppendCall, signal?: AbortSignal): Promise<AppendOutcome> {
    signal?.throwIfAborted();
    this.#options.diskGuard?.check();
    const appended = this.#groupCommit.append(call, signal);
    if (call.idempotency === null) return appended;
    return appended.catch((error: unknown) => {
      if (!isUnknown(error)) throw error;
      return this.#settle(call, error, signal);
    });
  }

  /** One atomic step for a set of calls, each with an outcome of its own; a stream or key may occur once in a set. */
  async #appendSet(calls: readonly AppendCall[]): Promise<AppendAnswer> {
    try {
      const answer = await this.#session.use((connection) => this.#send(connection, calls));
      const hasKeys = calls.some(({ idempotency }) => idempotency !== null);
      this.#options.onAppended({ position: lastPosition(answer.outcomes), hasKeys });
      return answer;
    } catch (error) {
      if (isConnectionLoss(error)) throw unknown(error);
      if (isDiskFull(error)) throw logFull(error.message, error);
      throw isInfrastructureError(error) || isTimeout(error) ? unavailable(error) : error;
    }
  }

  async #send(connection: AppendConnection, calls: readonly AppendCall[]): Promise<AppendAnswer> {
    // With the connection in hand: a new one has let the catalogue forget what it knew.
    const { catalogue } = this.#options;
    const [call] = calls;
    const event = call === undefined || calls.length > 1 ? null : appendEventArguments(call, catalogue);
    if (call !== undefined && event !== null) {
      const fields = await connection.call({
        name: "tidemark_append_event",
        text: this.#eventText,
        values: event,
      });
      return { outcomes: [appendEventOutcome(call, fields)], waited: false };
    }
    const { values, addsToCatalogue } = appendStatementArguments(calls, catalogue);
    const fields = await connection.call({ name: "tidemark_append_events", text: this.#text, values });
    // The events are stored: if this read fails, the next set brings the same additions along again.
    if (addsToCatalogue) await catalogue.refresh().catch(() => {});
    return appendAnswer(calls, fields);
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

function lastPosition(outcomes: readonly AppendOutcome[]): bigint | null {
  // The calls of a set are appended in their order.
  const last = outcomes.findLast((outcome) => outcome.status === "appended" && outcome.position !== null);
  return last?.status === "appended" ? last.position : null;
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
