import type pg from "pg";
import { isConnectionLoss, isInfrastructureError } from "../../infrastructure-error.ts";
import { AppendConnection } from "./append-connection.ts";
import { connectionFailure, unavailable } from "./read-connections.ts";

interface Lease {
  readonly opening: Promise<AppendConnection>;
  users: number;
  broken: boolean;
  client: pg.PoolClient | null;
}

/**
 * One connection of the pool for all sets that are in flight, for as long as there are any: on it they run one behind
 * the other, and a process that has several never waits for itself at the lock.
 */
export class AppendSession {
  readonly #pool: pg.Pool;
  readonly #preparedStatements: boolean;
  readonly #connections = new WeakMap<pg.PoolClient, AppendConnection>();
  #current: Lease | null = null;

  constructor(pool: pg.Pool, options: { readonly preparedStatements: boolean }) {
    this.#pool = pool;
    this.#preparedStatements = options.preparedStatements;
  }

  /** @throws TidemarkError `store-unavailable` when there is no connection; whatever the work throws. */
  async use<T>(work: (connection: AppendConnection) => Promise<T>): Promise<T> {
    this.#current ??= this.#lease();
    const lease = this.#current;
    lease.users += 1;
    try {
      return await work(await lease.opening);
    } catch (error) {
      if (isConnectionLoss(error)) lease.broken = true;
      throw error;
    } finally {
      lease.users -= 1;
      // Nobody joins a connection that is gone, also while others still wait for its error.
      if (lease.users === 0 || lease.broken) this.#current = this.#current === lease ? null : this.#current;
      if (lease.users === 0) lease.client?.release(lease.broken);
    }
  }

  #lease(): Lease {
    const lease: Lease = { opening: this.#open(), users: 0, broken: false, client: null };
    lease.opening.then(
      ({ client }) => (lease.client = client),
      () => {},
    );
    return lease;
  }

  async #open(): Promise<AppendConnection> {
    const client = await this.#pool.connect().catch((cause: unknown) => {
      throw connectionFailure(this.#pool, cause);
    });
    const known = this.#connections.get(client);
    if (known !== undefined) return known;
    try {
      const options = { preparedStatements: this.#preparedStatements };
      const connection = await AppendConnection.configure(client, options);
      this.#connections.set(client, connection);
      return connection;
    } catch (error) {
      client.release(true);
      throw isInfrastructureError(error) ? unavailable(error) : error;
    }
  }
}
