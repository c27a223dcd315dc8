import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import { isConnectionLoss, isInfrastructureError } from "../../infrastructure-error.ts";
import { onAbort } from "../../on-abort.ts";
import { CopyQuery } from "./copy-query.ts";

export interface ReadQuery {
  /** Names the prepared statement; without a name nothing is prepared. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly (string | number | bigint | null | readonly (string | number)[])[];
  /** It writes, so a lost answer is not asked for again but reported as `outcome-unknown`. */
  readonly writes?: boolean;
}

// Rows arrive as text and are decoded by who knows the columns: no look-up per value, no date parsing by regular
// expression.
const undecoded: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

// An idle connection that broke is often noticed only when it is used; a read does no harm twice.
const maxAttempts = 3;

/**
 * Runs single statements on a pool. An abort returns at once and gives up the connection if it is still busy;
 * a connection is never held between two statements.
 */
export class ReadConnections {
  readonly #pool: pg.Pool;
  readonly #prepared: boolean;
  readonly #configured = new WeakSet<pg.PoolClient>();

  constructor(pool: pg.Pool, options: { readonly preparedStatements: boolean }) {
    this.#pool = pool;
    this.#prepared = options.preparedStatements;
  }

  /** @throws TidemarkError `store-unavailable`, `outcome-unknown`; the signal's reason when it aborts. */
  async query<Row extends unknown[]>(query: ReadQuery, signal?: AbortSignal): Promise<Row[]> {
    const { name, text, values } = query;
    const config = {
      ...(this.#prepared && name !== undefined ? { name } : {}),
      text,
      values: [...values],
      rowMode: "array" as const,
      types: undecoded,
    };
    const run = async (client: pg.PoolClient): Promise<Row[]> => (await client.query<Row>(config)).rows;
    return this.#attempt(run, query.writes === true, signal);
  }

  /**
   * Rows in PostgreSQL's binary form, as {@link CopyQuery} gives them.
   *
   * @param text a query with every value written into it: COPY takes no parameters
   * @throws TidemarkError `store-unavailable`; the signal's reason when it aborts.
   */
  async copy(text: string, signal?: AbortSignal): Promise<Buffer[]> {
    const run = (client: pg.PoolClient): Promise<Buffer[]> =>
      client.query(new CopyQuery(`copy (${text}) to stdout (format binary)`)).rows;
    return this.#attempt(run, false, signal);
  }

  async #attempt<T>(
    run: (client: pg.PoolClient) => Promise<T>,
    writes: boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        const client = await this.#connect(signal);
        if (this.#prepared) await this.#configure(client);
        return await release(client, run(client), signal);
      } catch (error) {
        if (isConnectionLoss(error)) {
          if (writes) throw outcomeUnknown(error);
          if (attempt < maxAttempts) continue;
        }
        if (!isInfrastructureError(error) || error instanceof TidemarkError) throw error;
        throw unavailable(error);
      }
    }
  }

  async #connect(signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    const connecting = this.#pool.connect().catch((cause: unknown) => {
      throw connectionFailure(this.#pool, cause);
    });
    if (signal === undefined) return connecting;
    try {
      return await abortable(connecting, signal);
    } catch (error) {
      if (signal.aborted) {
        connecting.then(
          (client) => client.release(),
          () => {},
        );
      }
      throw error;
    }
  }

  /** A plan that was prepared while a table was small must not scan the table when it has grown. */
  async #configure(client: pg.PoolClient): Promise<void> {
    if (this.#configured.has(client)) return;
    try {
      await client.query("set enable_seqscan = off; set jit = off");
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#configured.add(client);
  }
}

/** Waits for what runs on a connection and gives the connection back, or up when it is still busy. */
async function release<T>(
  client: pg.PoolClient,
  running: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    const result = await (signal === undefined ? running : abortable(running, signal));
    client.release();
    return result;
  } catch (error) {
    const busy = signal?.aborted === true;
    if (busy) running.catch(() => {});
    client.release(busy || isConnectionLoss(error));
    throw error;
  }
}

/** What a pool that gives no connection means to the caller. */
export function connectionFailure(pool: pg.Pool, cause: unknown): unknown {
  if (pool.ending)
    return new TidemarkError("application-closed", "The event store is closed: open another one.");
  return isInfrastructureError(cause) ? unavailable(cause) : cause;
}

/** The error for a database that cannot be used now; certainly nothing was written. */
export function unavailable(cause: unknown): TidemarkError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TidemarkError(
    "store-unavailable",
    `The event store's database cannot be used now (${reason}): check that it runs and accepts connections, then retry.`,
    { cause },
  );
}

function outcomeUnknown(cause: unknown): TidemarkError {
  return new TidemarkError(
    "outcome-unknown",
    "The connection to the event store broke before the answer arrived: read the stream to see whether it was done.",
    { cause },
  );
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    // An AbortSignal's reason is untyped; it is handed on as the caller gave it.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    leave = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    leave();
  }
}
