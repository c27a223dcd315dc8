import { createPool } from "@tidemark/schema-registry/postgres";
import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { FundsDeposited, type BalanceTables } from "./rebuild-model.ts";

const pageSize = 2_000;
const undecoded: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

interface BareEvent {
  readonly account: string;
  readonly revision: bigint;
  readonly data: { readonly amount: bigint; readonly currency: string };
}

interface Balance {
  balance: bigint;
  currency: string;
  version: bigint;
}

const [version] = FundsDeposited.versions;

function decode(hex: string): BareEvent["data"] {
  // Bytes that bench/rebuild-log.ts has written with this very schema.
  return version?.decode(Buffer.from(hex.slice(2), "hex")) as BareEvent["data"];
}

/** The log in pages through the bare driver: a prepared SELECT, rows as text. */
async function* pages(client: pg.PoolClient, names: boolean): AsyncGenerator<BareEvent[]> {
  let after: string | number = 0;
  for (;;) {
    const { rows }: pg.QueryArrayResult<string[]> = await client.query<string[]>({
      name: "bare_pages",
      rowMode: "array",
      types: undecoded,
      text: `select e.position, e.event_id, ${names ? "s.stream_id" : "e.stream_no"}, e.revision, e.type_no,
               e.event_version, e.schema_no, e.encoding, e.data, e.correlation_id, e.causation_id, e.recorded_at, e.meta
             from tidemark.events e ${names ? "join tidemark.streams s using (stream_no)" : ""}
             where e.position > $1 order by e.position limit ${pageSize}`,
      values: [after],
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({
      account: row[2] ?? "",
      revision: BigInt(row[3] ?? ""),
      data: decode(row[8] ?? ""),
    }));
    after = last[0] ?? "";
  }
}

function fold(rows: Map<string, Balance>, { account, revision, data }: BareEvent): void {
  rows.set(account, {
    balance: (rows.get(account)?.balance ?? 0n) + data.amount,
    currency: data.currency,
    version: revision,
  });
}

/** Reads the log in pages and folds it in memory; nothing is written. */
export async function readAndFold(client: pg.PoolClient): Promise<{ events: number; balance: bigint }> {
  const rows = new Map<string, Balance>();
  let events = 0;
  for await (const page of pages(client, false)) {
    for (const event of page) fold(rows, event);
    events += page.length;
  }
  let balance = 0n;
  for (const row of rows.values()) balance += row.balance;
  return { events, balance };
}

/** A page at a time: reads the rows back that it touches, folds, and upserts them in one transaction. */
export async function readBackAndUpsert(
  reader: pg.PoolClient,
  writer: pg.PoolClient,
): Promise<{ events: number; balance: bigint }> {
  await writer.query(`create table bare_balances (account_id text primary key, balance bigint not null,
    currency text not null, version bigint not null)`);
  let events = 0;
  for await (const page of pages(reader, true)) {
    const keys = [...new Set(page.map(({ account }) => account))];
    const { rows: stored } = await writer.query<Balance & { account_id: string }>({
      name: "read_back",
      text: "select account_id, balance, currency, version from bare_balances where account_id = any ($1::text[])",
      values: [keys],
    });
    const rows = new Map<string, Balance>(stored.map(({ account_id, ...row }) => [account_id, row]));
    for (const event of page) fold(rows, event);
    const changed = [...rows.values()];
    await writer.query("begin");
    await writer.query({
      name: "upsert",
      text: `insert into bare_balances select * from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[])
        on conflict (account_id) do update set
          balance = excluded.balance, currency = excluded.currency, version = excluded.version`,
      values: [
        [...rows.keys()],
        changed.map(({ balance }) => balance),
        changed.map(({ currency }) => currency),
        changed.map((row) => row.version),
      ],
    });
    await writer.query("commit");
    events += page.length;
  }
  const { rows } = await writer.query<{ total: string }>(
    "select sum(balance)::text as total from bare_balances",
  );
  await writer.query("drop table bare_balances");
  return { events, balance: BigInt(rows[0]?.total ?? 0) };
}

const transactionSize = 500;

/** One kysely statement an event, so many events a transaction. */
export async function bareHandlers(
  connectionString: string,
  reader: pg.PoolClient,
): Promise<{ events: number; balance: bigint }> {
  const pool = createPool({ connectionString, max: 1, applicationName: "rebuild-bench" });
  const db = new Kysely<BalanceTables>({ dialect: new PostgresDialect({ pool }) });
  await pool.query(`create table balances (account_id text primary key, balance bigint not null,
    currency text not null, version bigint not null)`);
  let events = 0;
  for await (const page of pages(reader, true)) {
    for (let from = 0; from < page.length; from += transactionSize) {
      await db.transaction().execute(async (tx) => {
        for (const { account, revision, data } of page.slice(from, from + transactionSize)) {
          await tx
            .insertInto("balances")
            .values({ account_id: account, balance: data.amount, currency: data.currency, version: revision })
            .onConflict((conflict) =>
              conflict.column("account_id").doUpdateSet((eb) => ({
                balance: eb("balances.balance", "+", eb.ref("excluded.balance")),
                version: eb.ref("excluded.version"),
              })),
            )
            .execute();
        }
      });
    }
    events += page.length;
  }
  const { rows } = await pool.query<{ total: string }>("select sum(balance)::text as total from balances");
  await pool.query("drop table balances");
  await pool.end();
  return { events, balance: BigInt(rows[0]?.total ?? 0) };
}
