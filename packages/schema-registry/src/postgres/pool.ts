import pg from "pg";
import type { Logger } from "../logger.ts";

export interface PoolOptions {
  connectionString: string;
  /** Most connections at a time; 10 by default. */
  max?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Milliseconds to wait for a connection, a free one of the pool or a new one; 10,000 by default. */
  connectionTimeoutMs?: number;
  /** Milliseconds after which an unused connection is closed; 30,000 by default. */
  idleTimeoutMs?: number;
  /** Milliseconds after which the server cancels a statement; none by default. */
  statementTimeoutMs?: number;
  /** Lets the process end while idle connections are open; false by default. */
  allowExitOnIdle?: boolean;
  /** Looks at each new connection before anyone gets it; what it throws closes the connection and goes to who asked. */
  verify?: (client: pg.PoolClient) => Promise<void>;
  /** Is told when an idle connection breaks, for instance because the server restarts. */
  logger?: Logger;
}

const { builtins } = pg.types;

type Nested<T> = (T | null | Nested<T>)[];

function toBigints(values: Nested<string>): Nested<bigint> {
  return values.map((value) => {
    if (Array.isArray(value)) return toBigints(value);
    return value === null ? null : BigInt(value);
  });
}

// The driver's own parsers lose value: numeric[] becomes floats, date becomes midnight of this machine's time zone.
const exactTypes = new pg.TypeOverrides();
// The typings call the parsed text a number.
const textArray = exactTypes.getTypeParser(1009) as unknown as (text: string) => Nested<string>;
exactTypes.setTypeParser(builtins.INT8, BigInt);
exactTypes.setTypeParser(1016 /* int8[] */, (text) => toBigints(textArray(text)));
exactTypes.setTypeParser(1231 /* numeric[] */, textArray);
exactTypes.setTypeParser(builtins.DATE, String);
exactTypes.setTypeParser(1182 /* date[] */, textArray);

/**
 * Makes a pool whose values are exact, in arrays too: `int8` is a bigint, `numeric` a string, `date` its text (`2026-11-20`),
 * `timestamptz` a Date. The parsers belong to this pool; those of the process stay as they are. An idle
 * connection that breaks is reported to the logger and replaced, it never ends the process.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { verify } = options;
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max ?? 10,
    types: exactTypes,
    keepAlive: true,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 10_000,
    idleTimeoutMillis: options.idleTimeoutMs ?? 30_000,
    allowExitOnIdle: options.allowExitOnIdle ?? false,
    ...(verify === undefined
      ? {}
      : { verify: (client, done) => void verify(client).then(() => done(), done) }),
    ...(options.applicationName === undefined ? {} : { application_name: options.applicationName }),
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  pool.on("error", (error) => {
    // One line for each connection when a server goes away: the reason is enough, its stack is the driver's.
    options.logger?.warn(
      { reason: error.message, applicationName: options.applicationName },
      "An idle database connection broke; the pool replaces it",
    );
  });
  return pool;
}
