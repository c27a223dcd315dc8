import { createPool } from "@tidemark/schema-registry/postgres";
import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import { endPool } from "../end-pool.ts";
import { poolStatus } from "../pool-status.ts";
import type { PoolStatus } from "../../telemetry/store-telemetry.ts";
import { EventFailure } from "../../subscription/event-failure.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { isInfrastructureError } from "../../infrastructure-error.ts";
import { queryPool } from "./query-pool.ts";
import type { Statement } from "./row-statements.ts";

/** Longer than any statement of the control pool takes on a healthy database. */
const controlTimeoutMs = 5_000;

/**
 * The pools of the projection side. Heartbeats have a connection to themselves, so that nothing can delay them;
 * control statements have a time-out, so that a lock held by a stopped process cannot hang them.
 */
export class ProjectionConnections {
  readonly project: pg.Pool;
  readonly control: pg.Pool;
  readonly heartbeat: pg.Pool;
  readonly projecting: Kysely<unknown>;
  readonly querying: Kysely<unknown>;
  readonly #query: pg.Pool;
  readonly #prepared: boolean;

  constructor(options: {
    readonly connectionString: string;
    readonly projectConnections: number;
    readonly queryConnections: number;
    readonly preparedStatements: boolean;
    readonly logger: Logger;
  }) {
    const { connectionString, logger } = options;
    const pool = (name: string, max: number, statementTimeoutMs?: number): pg.Pool => {
      const made = createPool({
        connectionString,
        max,
        applicationName: `tidemark ${name}`,
        logger,
        ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
      });
      // A connection that breaks rejects its query; without a listener the same error would also end the process.
      made.on("connect", (client) => client.on("error", () => {}));
      return made;
    };
    this.project = pool("project", options.projectConnections);
    this.#query = pool("query", options.queryConnections);
    this.control = pool("control", 2, controlTimeoutMs);
    this.heartbeat = pool("heartbeat", 1, controlTimeoutMs);
    this.projecting = new Kysely({ dialect: new PostgresDialect({ pool: this.project }) });
    this.querying = new Kysely({
      dialect: new PostgresDialect({ pool: queryPool(this.#query, translated) }),
    });
    this.#prepared = options.preparedStatements;
  }

  get pools(): readonly PoolStatus[] {
    return [
      poolStatus("project", this.project),
      poolStatus("query", this.#query),
      poolStatus("control", this.control),
      poolStatus("heartbeat", this.heartbeat),
    ];
  }

  /** Runs one statement; `name` makes it a prepared one where that is allowed. */
  async run<Row extends pg.QueryResultRow>(
    pool: pg.Pool | pg.PoolClient,
    { text, values }: Statement,
    name?: string,
  ): Promise<Row[]> {
    try {
      const config = { text, values: [...values] };
      const { rows } = await pool.query<Row>(
        this.#prepared && name !== undefined ? { ...config, name } : config,
      );
      return rows;
    } catch (error) {
      throw translated(error);
    }
  }

  /** A transaction of the control or project pool; its connection is given up when it cannot be rolled back. */
  async transaction<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw translated(error);
    }
    let broken = false;
    try {
      await client.query("begin");
      const result = await run(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {
        broken = true;
      });
      throw translated(error);
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.project, this.control, this.heartbeat, this.#query].map(endPool));
  }
}

/** What PostgreSQL says, in the codes that subscriptions understand. */
export function translated(error: unknown): unknown {
  if (error instanceof TidemarkError) return error;
  const cause = error instanceof EventFailure ? error.cause : error;
  if (isInfrastructureError(cause)) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new TidemarkError(
      "store-unavailable",
      `The read models' database cannot be used now (${reason}): check that it runs and accepts connections, then retry.`,
      { cause },
    );
  }
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code !== "TM001" && code !== "TM002")
    return isRefusedData(error) ? new EventFailure(null, error) : error;
  if (code === "TM002") return rowsChanged(cause);
  return new TidemarkError(
    "lease-lost",
    "Another process has taken over this partition: nothing was committed.",
    { cause },
  );
}

/** The projector is wrong about what the table has: it begins again from what is there. */
export function rowsChanged(cause: unknown): TidemarkError {
  return new TidemarkError(
    "lease-lost",
    "Rows of this read model were changed by somebody else than its projector: nothing was committed.",
    { cause },
  );
}

/** Values that a column cannot take, constraints, limits of size: the fault of an event, and not of the database. */
function isRefusedData(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(?:22|23|54)...$/.test(String(error.code));
}
