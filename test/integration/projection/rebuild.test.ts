import { bigint, defineFoldProjection, defineTable, integer, text, TidemarkError } from "@tidemark/framework";
import type { AnyProjection, ProjectionSupervisor } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  accountsFold,
  accountsHandlers,
  Bank,
  bankHistory,
  expectedAccounts,
  Moved,
  Opened,
} from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

const first = accountsFold(1);
/** The next deployment: a new column. */
const second = defineFoldProjection({
  name: "accounts",
  version: 2,
  events: [Opened, Moved],
  table: defineTable(
    "accounts",
    { account_id: text(), owner: text(), cents: bigint(), moves: integer(), volume: bigint() },
    { primaryKey: ["account_id"], indexes: [["owner"], ["cents", "owner"]] },
  ),
  keys: (event) => event.aggregateId,
  fold: {
    Opened: (row, { data }, account_id) => ({
      ...(row ?? { account_id, cents: 0n, moves: 0, volume: 0n }),
      owner: data.owner,
    }),
    Moved: (row, { data }, account_id) => ({
      ...(row ?? { account_id, owner: "", cents: 0n, moves: 0, volume: 0n }),
      volume: (row?.volume ?? 0n) + data.cents,
    }),
  },
});

/** Queries until told to stop; every answer is one of the outcomes. */
function queries(supervisor: ProjectionSupervisor, projection: AnyProjection, reads?: readonly number[]) {
  const outcomes = new Map<string, number>();
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await setImmediate();
      try {
        const model = await supervisor.query(projection, reads === undefined ? {} : { reads });
        const { total } = await model.db
          .selectFrom("accounts" as never)
          .select(({ fn }) => fn.countAll<bigint>().as("total"))
          .executeTakeFirstOrThrow();
        count(`version ${model.version} ${model.state}: ${total} rows`);
      } catch (error) {
        count(error instanceof TidemarkError ? error.code : String(error));
      }
    }
  })();
  const stop = async (): Promise<ReadonlyMap<string, number>> => {
    stopped = true;
    await running;
    return outcomes;
  };
  return { outcomes, stop };
}

describe("a new version", () => {
  test("is built beside the old one, which serves until the swap", async () => {
    const history = bankHistory(2_000, { accounts: 300 });
    await bank.append(history);
    const old = bank.supervisor([first]);
    await old.start();
    await old.whenReady();

    await using node = await Bank.open(database.connectionString);
    // Small batches, so that the rebuild lasts long enough to be watched.
    const supervisor = node.supervisor([second], { maxCachedRows: 10, pageSize: 10 });
    await supervisor.start();
    expect(supervisor.ready).toBe(false);
    const patient = queries(supervisor, second, [1, 2]);
    const strict = queries(supervisor, second);
    const oldNode = queries(old, first);
    await supervisor.whenReady();
    await waitFor(() => [...strict.outcomes.keys()].some((key) => key.startsWith("version 2")));
    await waitFor(() => [...patient.outcomes.keys()].some((key) => key.startsWith("version 2")));

    const oldRows = expectedAccounts(history).length;
    const touched = history.filter(({ event }) => event.type === "Opened" || event.type === "Moved");
    const newRows = new Set(touched.map(({ account }) => account)).size;
    expect([...(await patient.stop()).keys()].toSorted()).toEqual([
      `version 1 frozen: ${oldRows} rows`,
      `version 2 current: ${newRows} rows`,
    ]);
    expect([...(await strict.stop()).keys()].toSorted()).toEqual([
      "projection-rebuilding",
      `version 2 current: ${newRows} rows`,
    ]);
    // The old deployment goes on with its own version, also after the swap.
    expect([...(await oldNode.stop()).keys()]).toEqual([`version 1 current: ${oldRows} rows`]);
    expect((await supervisor.status())[0]?.builds.map(({ build }) => [build.version, build.status])).toEqual([
      [2, "active"],
      [1, "retired"],
    ]);
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    const indexes = await pool.query(
      "select indexdef from pg_indexes where schemaname = 'tidemark_accounts_v2_b1'",
    );
    await pool.end();
    expect(indexes.rowCount).toBe(3);
  });

  test("answers projection-rebuilding with the time until it is worth asking again", async () => {
    const supervisor = bank.supervisor([first]);
    await bank.store.createBuild(first, { fingerprint: {}, target: 10n, anew: false });
    const error: unknown = await supervisor.query(first).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "projection-rebuilding", details: { retryAfterSeconds: 1 } });
  });
});

describe("a rebuild", () => {
  test("shows progress to every process, swaps atomically, and no query sees less than everything", async () => {
    const history = bankHistory(1_000, { accounts: 200 });
    await bank.append(history);
    const server = bank.supervisor([first, accountsHandlers]);
    await server.start();
    await server.whenReady();
    const running = [queries(server, first), queries(server, accountsHandlers)];

    await using node = await Bank.open(database.connectionString);
    const operator = node.supervisor([first, accountsHandlers], { maxCachedRows: 20, pageSize: 20 });
    for (const name of ["accounts", "accounts-by-handlers"]) {
      const progress: bigint[] = [];
      const build = await operator.rebuild(name, { onProgress: ({ events }) => progress.push(events) });
      expect(build).toMatchObject({ number: 2, status: "active", serving: true });
      expect(progress.toSorted((a, b) => Number(a - b))).toEqual(progress);
    }
    const total = expectedAccounts(history).length;
    for (const query of running)
      expect([...(await query.stop()).keys()]).toEqual([`version 1 current: ${total} rows`]);

    // The server's projectors have moved on to the new builds.
    const more = bankHistory(50, { seed: 7 });
    await bank.append(more);
    await waitFor(async () => (await server.status()).every(({ builds }) => builds[0]?.lag === 0n), {
      timeoutMs: 5_000,
    });
    for (const projection of [first, accountsHandlers]) {
      const { db } = await server.query(projection);
      const rows = await db
        .selectFrom("accounts")
        .select(["account_id", "owner", "cents", "moves"])
        .orderBy("account_id")
        .execute();
      expect(rows).toEqual(expectedAccounts([...history, ...more]));
    }
  });

  test("activates beside an open cursor of the old read model, which reads to its end", async () => {
    const history = bankHistory(1_000, { accounts: 200 });
    await bank.append(history);
    const supervisor = bank.supervisor([first]);
    await supervisor.start();
    await supervisor.whenReady();
    const before = await supervisor.query(first);
    const rows = await before.db.transaction().execute(async (tx) => {
      const seen: string[] = [];
      const next = () =>
        tx
          .selectFrom("accounts")
          .select("account_id")
          .where("account_id", ">", seen.at(-1) ?? "")
          .orderBy("account_id")
          .limit(10)
          .execute();
      for (let page = await next(); page.length > 0; page = await next()) {
        if (seen.length === 0) await supervisor.rebuild("accounts");
        seen.push(...page.map(({ account_id }) => account_id));
      }
      return seen;
    });
    expect(rows.toSorted()).toEqual(expectedAccounts(history).map(({ account_id }) => account_id));
    const [current] = (await supervisor.status())[0]?.builds ?? [];
    expect(current?.build).toMatchObject({ number: 2, status: "active" });
  });

  test("can be cancelled, and leaves what serves alone", async () => {
    await bank.append(bankHistory(1_500, { accounts: 300 }));
    const supervisor = bank.supervisor([first], { maxCachedRows: 1, pageSize: 1 });
    await supervisor.start();
    await supervisor.whenReady();
    await using node = await Bank.open(database.connectionString);
    const operator = node.supervisor([first], { maxCachedRows: 1, pageSize: 1 });
    const rebuild = operator.rebuild("accounts").catch((error: unknown) => error);
    await waitFor(async () => (await supervisor.status())[0]?.builds.length === 2);
    expect(await supervisor.cancel("accounts")).toBe(true);
    expect(await rebuild).toMatchObject({ code: "rebuild-cancelled" });
    expect(await supervisor.cancel("accounts")).toBe(false);
    const status = await supervisor.status();
    expect(status[0]?.builds.map(({ build }) => [build.number, build.status])).toEqual([[1, "active"]]);
    await expect(supervisor.query(first)).resolves.toMatchObject({ state: "current" });
  });

  test("keeps the build before for a rollback until it is confirmed", async () => {
    await bank.append(bankHistory(100));
    const supervisor = bank.supervisor([first]);
    await supervisor.start();
    await supervisor.whenReady();
    await supervisor.rebuild("accounts");
    const schemas = async () => {
      const pool = createPool({ connectionString: database.connectionString, max: 1 });
      const { rows } = await pool.query<{ name: string }>(
        "select nspname as name from pg_namespace where nspname like 'tidemark\\_acc%' order by 1",
      );
      await pool.end();
      return rows.map(({ name }) => name);
    };
    expect(await schemas()).toEqual(["tidemark_accounts_v1_b1", "tidemark_accounts_v1_b2"]);
    await waitFor(async () => (await supervisor.confirm("accounts")).length === 1, {
      what: "the first projector's end",
    });
    expect(await schemas()).toEqual(["tidemark_accounts_v1_b2"]);
  });

  test("is left to others when its signal aborts, and resumes", async () => {
    await bank.append(bankHistory(1_500, { accounts: 300 }));
    const operator = bank.supervisor([first], { maxCachedRows: 1, pageSize: 1 });
    const abort = new AbortController();
    const given = operator.rebuild("accounts", {
      signal: abort.signal,
      onProgress: ({ events }) => {
        if (events > 10n) abort.abort(new Error("enough"));
      },
    });
    await expect(given).rejects.toThrow("enough");
    const [left] = (await operator.status())[0]?.builds ?? [];
    expect(left).toMatchObject({ build: { status: "building" }, holders: [] });
    const build = await bank.supervisor([first]).rebuild("accounts");
    expect(build).toMatchObject({ number: 1, status: "active" });
  });
});
