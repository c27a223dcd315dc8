import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import { CompiledQuery, type Kysely } from "kysely";
import type pg from "pg";

/** A database of kysely, or a pool or client of `pg`. */
export type QueryableDatabase = Pick<Kysely<unknown>, "executeQuery"> | Pick<pg.ClientBase, "query">;

/** An open transaction: kysely's `tx`, or a client of `pg` between `begin` and `commit`. */
export type OpenTransaction =
  | Pick<Kysely<unknown>, "executeQuery" | "isTransaction">
  | Pick<pg.ClientBase, "query" | "getTransactionStatus">;

/** What became of an effect: done now, with what it returned, or done before. */
export type OnceOutcome<Result> =
  { readonly status: "done"; readonly result: Result } | { readonly status: "already-done" };

export interface ProcessedKeysOptions {
  /** Name of the table, with or without its schema: `shop.processed_keys`. */
  readonly table: string;
}

/** Keys of effects that are done, in the database of the effects. Made by {@link processedKeys}. */
export interface ProcessedKeys {
  /** Makes the table unless there is one: for a migration. */
  createTable(database: QueryableDatabase): Promise<void>;

  /**
   * Runs the effect unless its key is there; both are committed, or neither is. Whoever comes with the same key
   * meanwhile waits until this transaction has ended.
   *
   * @throws Error when no transaction is open; what the effect throws.
   */
  once<Result>(
    transaction: OpenTransaction,
    key: string,
    effect: () => Promise<Result>,
  ): Promise<OnceOutcome<Result>>;

  /**
   * Forgets keys that are older, a few thousand at a time. An event that is handled again after that has its effect
   * again: keep them for longer than a subscription may be rewound with `onReplay: "run"`.
   *
   * @returns how many were forgotten
   */
  purge(
    database: QueryableDatabase,
    options: { readonly olderThanDays: number; readonly signal?: AbortSignal },
  ): Promise<number>;
}

/** Keys that one statement forgets at most: it holds no lock for long. */
const purgeBatch = 5_000;

/**
 * Lets an effect in your own database happen once, however often its event is handled. The key of a handler is
 * `context.key`: the same in every attempt and replay.
 *
 * @throws Error when the name of the table is none.
 * @example
 * const processed = processedKeys({ table: "processed_keys" });
 * await db.transaction().execute((tx) =>
 *   processed.once(tx, context.key, () => tx.insertInto("receipts").values(receipt).execute()),
 * );
 */
export function processedKeys({ table }: ProcessedKeysOptions): ProcessedKeys {
  const name = table.split(".").map(quoteIdentifier).join(".");
  const index = quoteIdentifier(`${table.split(".").at(-1)}_processed_at`);
  return {
    createTable: async (database) => {
      const text = `create table if not exists ${name}
        (key text primary key, processed_at timestamptz not null default clock_timestamp())`;
      await run(database, text, []);
      await run(database, `create index if not exists ${index} on ${name} (processed_at)`, []);
    },

    once: async (transaction, key, effect) => {
      if (!isOpen(transaction)) {
        throw new Error(
          `The key ${JSON.stringify(key)} and its effect need a transaction: call once within begin and commit`,
        );
      }
      const text = `insert into ${name} (key) values ($1) on conflict (key) do nothing returning key`;
      const [stored] = await run(transaction, text, [key]);
      if (stored === undefined) return { status: "already-done" };
      return { status: "done", result: await effect() };
    },

    purge: async (database, { olderThanDays, signal }) => {
      const text = `with old as (
          select key from ${name} where processed_at < clock_timestamp() - $1 * interval '1 day'
          order by processed_at limit ${purgeBatch} for update skip locked
        ), gone as (delete from ${name} where key in (select key from old) returning 1)
        select count(*)::integer as count from gone`;
      for (let forgotten = 0; ;) {
        signal?.throwIfAborted();
        const [row] = await run(database, text, [olderThanDays]);
        const count = Number(row?.["count"] ?? 0);
        forgotten += count;
        if (count < purgeBatch) return forgotten;
      }
    },
  };
}

function isOpen(transaction: OpenTransaction): boolean {
  return "isTransaction" in transaction
    ? transaction.isTransaction
    : transaction.getTransactionStatus() === "T";
}

async function run(
  database: QueryableDatabase,
  text: string,
  values: unknown[],
): Promise<readonly Record<string, unknown>[]> {
  const { rows } =
    "executeQuery" in database
      ? await database.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values))
      : await database.query<Record<string, unknown>>(text, values);
  return rows;
}
