import { readModel } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import type { Pool } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, Moved } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { moved, sums } from "../../support/sums.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
let pool: Pool;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
  pool = createPool({ connectionString: database.connectionString, max: 1 });
});
afterEach(async () => {
  await pool.end();
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

const accounts = accountsFold(1);

async function scratchSchemas(): Promise<number> {
  const { rows } = await pool.query<{ count: bigint }>(
    `select count(*) from pg_namespace n join tidemark.projection_builds b on b.schema_name = n.nspname
     where b.status not in ('building', 'active', 'retired')`,
  );
  return Number(rows[0]?.count);
}

describe("a verification", () => {
  test.each([1, 4])("of a fold in %i partitions agrees while events arrive", async (partitions) => {
    const definition = { ...accounts, partitions };
    await bank.append(bankHistory(3_000, { accounts: 500 }));
    const server = bank.supervisor([definition]);
    await server.start();
    await server.whenReady();
    let stopped = false;
    const writing = (async () => {
      for (let seed = 10; !stopped; seed += 1) await bank.append(bankHistory(20, { accounts: 500, seed }));
    })();
    await using node = await Bank.open(database.connectionString);
    const result = await node.supervisor([definition]).verify("accounts");
    stopped = true;
    await writing;
    expect(result).toMatchObject({ differing: 0n, differences: [], parkedSequences: 0 });
    expect(result.rows).toBeGreaterThan(400n);
    expect(result.position).toBeGreaterThan(2_000n);
    expect(await scratchSchemas()).toBe(0);
    expect((await server.status())[0]?.builds).toHaveLength(1);
  });

  test("names the rows that somebody else has changed, deleted and added", async () => {
    await bank.append(bankHistory(600, { accounts: 50 }));
    const supervisor = bank.supervisor([accounts, accountsHandlers]);
    for (const name of ["accounts", "accounts-by-handlers"]) {
      const { schema } = await supervisor.rebuild(name);
      const table = `${schema}.accounts`;
      const { rows } = await pool.query<{ account_id: string; cents: bigint }>(
        `select account_id, cents from ${table} order by account_id collate "C" limit 2`,
      );
      const [changed, deleted] = rows;
      if (changed === undefined || deleted === undefined) throw new Error("there are no rows");
      await pool.query(`update ${table} set cents = cents + 1 where account_id = $1`, [changed.account_id]);
      await pool.query(`delete from ${table} where account_id = $1`, [deleted.account_id]);
      await pool.query(
        `insert into ${table} select (jsonb_populate_record(t, '{"account_id": "zz"}')).* from ${table} t limit 1`,
      );
      const { differing, differences } = await supervisor.verify(name);
      expect(differing).toBe(3n);
      expect(differences).toMatchObject([
        {
          table: "accounts",
          key: { account_id: changed.account_id },
          column: "cents",
          live: String(changed.cents + 1n),
          recomputed: String(changed.cents),
        },
        { key: { account_id: deleted.account_id }, column: null, live: undefined },
        { key: { account_id: "zz" }, column: null, recomputed: undefined },
      ]);
      expect(await scratchSchemas()).toBe(0);
    }
  });

  test("shows handlers that are not deterministic, one hundred rows of all", async () => {
    const clocked = readModel<{ moves: { position: bigint; at: string } }>().defineProjection({
      name: "clocked",
      version: 1,
      events: [Moved],
      migrations: [
        {
          name: "create moves",
          up: (db) =>
            db.schema
              .createTable("moves")
              .addColumn("position", "bigint", (column) => column.primaryKey())
              .addColumn("at", "text", (column) => column.notNull())
              .execute(),
        },
      ],
      project: {
        Moved: (tx, { position }) =>
          tx
            .insertInto("moves")
            .values({ position, at: String(performance.now()) })
            .execute(),
      },
    });
    await bank.append(Array.from({ length: 150 }, (_, index) => moved(`a${index}`, 1n, "b")));
    const supervisor = bank.supervisor([clocked]);
    await supervisor.rebuild("clocked");
    const { rows, differing, differences } = await supervisor.verify("clocked");
    expect([rows, differing, differences.length]).toEqual([150n, 150n, 100]);
    expect(differences[0]?.column).toBe("at");
  });

  test("says that sequences are parked, whose rows differ once the code is mended", async () => {
    await bank.append([moved("a", 1n, "b"), moved("a", 13n, "b"), moved("c", 5n, "d")]);
    await bank.supervisor([sums(new Set(["b"]))]).rebuild("sums");
    const { differing, differences, parkedSequences } = await bank
      .supervisor([sums(new Set())])
      .verify("sums");
    expect({ differing, parkedSequences }).toEqual({ differing: 1n, parkedSequences: 1 });
    expect(differences).toMatchObject([{ key: { account_id: "b" }, live: "1", recomputed: "14" }]);
  });

  test("ends when its signal aborts and leaves nothing; one that a killed process left is swept", async () => {
    await bank.append(bankHistory(2_000, { accounts: 300 }));
    const supervisor = bank.supervisor([accounts], { pageSize: 10, maxCachedRows: 5 });
    await supervisor.rebuild("accounts");
    const abort = new AbortController();
    const verifying = supervisor.verify("accounts", {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("enough")),
    });
    await expect(verifying).rejects.toThrow("enough");
    expect(await scratchSchemas()).toBe(0);

    const [live] = await bank.store.builds(["accounts"]);
    if (live === undefined) throw new Error("nothing serves");
    const partitions = await bank.store.partitions.partitions(live.build.subscription);
    await bank.store.scratch.create(accounts, { fingerprint: {}, partitions });
    await pool.query(
      `update tidemark.projection_builds set started_at = started_at - interval '1 hour' where status = 'scratch'`,
    );
    await pool.query(`update tidemark.checkpoints set updated_at = updated_at - interval '1 hour'`);
    expect(await scratchSchemas()).toBe(1);
    await supervisor.verify("accounts");
    expect(await scratchSchemas()).toBe(0);
  });

  test("of what does not serve yet is refused", async () => {
    await bank.store.createBuild(accounts, { fingerprint: {}, target: 10n, anew: false });
    const supervisor = bank.supervisor([accountsHandlers]);
    await expect(supervisor.verify("accounts-by-handlers")).rejects.toMatchObject({ code: "build-refused" });
    await waitFor(async () => (await scratchSchemas()) === 0);
  });
});
