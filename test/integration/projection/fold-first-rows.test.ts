import { fileURLToPath } from "node:url";
import { bigint, defineFoldProjection, defineTable, integer, text } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, Moved, type BankEvent } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
let pool: pg.Pool;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
  pool = createPool({ connectionString: database.connectionString, max: 3 });
});
afterEach(async () => {
  await pool.end();
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

const accounts = 1_500;

/** Twice to each account. */
function moves(): BankEvent[] {
  return Array.from({ length: 2 * accounts }, (_, index) => ({
    account: `from${index}`,
    event: Moved({ cents: BigInt(index), to: `to ${index % accounts}` }),
  }));
}

interface Row {
  readonly account_id: string;
  readonly cents: bigint;
  readonly moves: number;
}

function expectedRows(without: readonly string[] = []): Row[] {
  return Array.from({ length: accounts }, (_, index) => ({
    account_id: `to ${index}`,
    cents: BigInt(2 * index + accounts),
    moves: 2,
  }))
    .filter(({ account_id }) => !without.includes(account_id))
    .toSorted(byAccount);
}

function byAccount(a: { readonly account_id: string }, b: { readonly account_id: string }): number {
  return a.account_id < b.account_id ? -1 : 1;
}

function balances(
  options: { readonly partitions?: number; readonly note?: (account: string) => string } = {},
) {
  const { partitions = 1, note = () => "" } = options;
  return defineFoldProjection({
    name: "balances",
    version: 1,
    events: [Moved],
    partitions,
    table: defineTable(
      "balances",
      { account_id: text(), cents: bigint(), moves: integer(), note: text() },
      { primaryKey: ["account_id"], indexes: [["cents"]] },
    ),
    keys: (event) => event.data.to,
    fold: {
      Moved: (row, { data }, account_id) => ({
        account_id,
        cents: (row?.cents ?? 0n) + data.cents,
        moves: (row?.moves ?? 0) + 1,
        note: note(account_id),
      }),
    },
  });
}

async function rowsOf(schema: string): Promise<Row[]> {
  const { rows } = await pool.query<Row>(`select account_id, cents, moves from ${schema}.balances`);
  return rows.toSorted(byAccount);
}

async function indexesOf(schema: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ indexname: string }>(
    "select indexname from pg_indexes where schemaname = $1 order by indexname",
    [schema],
  );
  return rows.map(({ indexname }) => indexname);
}

describe("the first rows of a build", () => {
  test("come with the primary key, and the next ones go beside them", async () => {
    await bank.append(moves());
    const projection = balances();
    await using supervisor = bank.supervisor([projection], { maxCachedRows: 700, pageSize: 200 });
    const { schema } = await supervisor.rebuild("balances");
    expect(await rowsOf(schema)).toEqual(expectedRows());
    expect(await indexesOf(schema)).toEqual(["balances_index_1", "balances_pkey"]);
  });

  test("keep every character of a text", async () => {
    await bank.append(moves());
    const note = (account: string): string => `${account}\t\\N\\.\r\n'"\u{1f4b0}\u007f`;
    await using supervisor = bank.supervisor([balances({ note })]);
    const { schema } = await supervisor.rebuild("balances");
    const { rows } = await pool.query<{ account_id: string; note: string }>(
      `select * from ${schema}.balances`,
    );
    expect(rows).toHaveLength(accounts);
    for (const row of rows) expect(row.note).toBe(note(row.account_id));
  });

  test("of several partitions at once are all there, under one key", async () => {
    await bank.append(moves());
    await using supervisor = bank.supervisor([balances({ partitions: 4 })]);
    const { schema } = await supervisor.rebuild("balances");
    expect(await rowsOf(schema)).toEqual(expectedRows());
    expect(await indexesOf(schema)).toEqual(["balances_index_1", "balances_pkey"]);
  });

  test("do without the one that PostgreSQL refuses, which is parked", async () => {
    await bank.append(moves());
    const note = (account: string): string => (account === "to 600" ? "nothing stores \0" : "");
    const projection = balances({ note });
    await using supervisor = bank.supervisor([projection], {
      retry: { steps: 1, duration: 1, factor: 1, jitter: 0, cap: 1 },
    });
    await supervisor.start();
    const { db } = await (async () => {
      await supervisor.whenReady();
      return supervisor.query(projection);
    })();
    const rows = await db.selectFrom("balances").select(["account_id", "cents", "moves"]).execute();
    expect(rows.toSorted(byAccount)).toEqual(expectedRows(["to 600"]));
    const letters = bank.deadLetters(supervisor);
    expect((await letters.list()).map(({ sequence }) => sequence)).toEqual(["key:to 600"]);
  });
});

describe("many new rows of a table that has rows", () => {
  test("come by COPY beside those that change, and go around what is there already", async () => {
    const noted = (from: number, count: number): BankEvent[] =>
      Array.from({ length: count }, (_, index) => ({
        account: `from${index}`,
        event: Moved({ cents: 1n, to: `to ${from + index}` }),
      }));
    const projection = balances();
    await using supervisor = bank.supervisor([projection], { pageSize: 20_000 });
    await bank.append(noted(0, 1_000));
    const first = await supervisor.rebuild("balances");
    expect(await rowsOf(first.schema)).toHaveLength(1_000);
    const held = await pool.query<{ fencing_token: bigint }>(
      "select fencing_token from tidemark.checkpoints where subscription = $1",
      [first.subscription],
    );
    const lease = {
      subscription: first.subscription,
      partition: 0,
      fencingToken: held.rows[0]?.fencing_token ?? 0n,
      owner: "00000000-0000-4000-8000-000000000000",
    };
    const change = (id: number, stored: boolean, cents: bigint) => {
      const key = [`to ${id}`];
      const row = { account_id: key[0], cents, moves: 2, note: "\\N" };
      return { key, row, stored, position: 5_000n };
    };
    const commit = {
      lease,
      checkpoint: { storeId: bank.eventStore.storeId, position: 5_000n, eventId: null },
      events: 1,
    };
    const known = Array.from({ length: 1_000 }, (_, id) => change(id, true, 7n));
    const added = Array.from({ length: 10_000 }, (_, index) => change(1_000 + index, false, 8n));
    // The projector believes that the table has no row 999.
    const mistaken = [...known.slice(0, 999), change(999, false, 9n), ...added];
    await expect(bank.store.commitRows(first, projection.table, mistaken, commit)).rejects.toMatchObject({
      code: "lease-lost",
    });
    expect(await rowsOf(first.schema)).toHaveLength(1_000);
    const zombie = { ...commit, lease: { ...lease, fencingToken: lease.fencingToken - 1n } };
    await expect(
      bank.store.commitRows(first, projection.table, [...known, ...added], zombie),
    ).rejects.toMatchObject({ code: "lease-lost" });
    await bank.store.commitRows(first, projection.table, [...known, ...added], commit);
    const rows = await rowsOf(first.schema);
    expect(rows).toHaveLength(11_000);
    expect(rows.filter(({ cents }) => cents === 7n)).toHaveLength(1_000);
    expect(rows.filter(({ cents }) => cents === 8n)).toHaveLength(10_000);
  });
});

describe("a rebuild that is killed while it writes its first rows", () => {
  const program = fileURLToPath(new URL("first-rows-process.js", import.meta.url));
  const schema = "tidemark_balances_v1_b1";

  /** Whether somebody waits for a lock of this kind. */
  async function isAwaited(locktype: "advisory" | "relation"): Promise<boolean> {
    const { rowCount } = await pool.query(
      `select from pg_locks where locktype = $1 and not granted
         and (database = (select oid from pg_database where datname = current_database()))`,
      [locktype],
    );
    return rowCount !== 0;
  }

  async function hold(text: string, values: readonly unknown[] = []) {
    const client = await pool.connect();
    await client.query("begin");
    await client.query(text, [...values]);
    return async () => {
      await client.query("rollback");
      client.release();
    };
  }

  test.each([
    ["before they are copied", false],
    ["between the copy and the key", true],
  ])("%s leaves nothing, and the next process builds it all", async (_, copied) => {
    await bank.append(moves());
    const releaseKey = await hold("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `tidemark key ${schema}`,
    ]);
    const killed = spawnNode(program, [database.connectionString]);
    await waitFor(() => isAwaited("advisory"), { what: "the process to be about to copy" });
    if (copied) {
      const releaseTable = await hold(`lock table ${schema}.balances in access share mode`);
      await releaseKey();
      await waitFor(() => isAwaited("relation"), { what: "the process to be about to add the key" });
      killed.kill("SIGKILL");
      await killed.exit;
      await releaseTable();
    } else {
      killed.kill("SIGKILL");
      await killed.exit;
      await releaseKey();
    }
    const heir = spawnNode(program, [database.connectionString]);
    expect(await heir.exit, heir.output).toEqual({ code: 0, signal: null });
    expect(await rowsOf(schema)).toEqual(expectedRows());
    expect(await indexesOf(schema)).toEqual(["balances_index_1", "balances_pkey"]);
    const { rows } = await pool.query<{ events: bigint }>("select events from tidemark.checkpoints");
    expect(rows).toEqual([{ events: BigInt(2 * accounts) }]);
  });
});
