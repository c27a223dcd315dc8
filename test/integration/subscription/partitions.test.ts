import { readModel, type ProjectionSupervisor } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, Bank, bankHistory, expectedAccounts, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { moved, sums } from "../../support/sums.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
const banks: Bank[] = [];

async function openBank(): Promise<Bank> {
  const bank = await Bank.open(database.connectionString);
  banks.push(bank);
  return bank;
}

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterEach(async () => {
  for (const bank of banks.splice(0).toReversed()) await bank[Symbol.asyncDispose]();
  await database.drop();
});

const inPartitions = (partitions: number) => ({ ...accountsFold(1), partitions });

async function accounts(supervisor: ProjectionSupervisor, token?: string) {
  const { db } = await supervisor.query(
    accountsFold(1),
    token === undefined ? {} : { consistencyToken: token },
  );
  return db
    .selectFrom("accounts")
    .select(["account_id", "owner", "cents", "moves"])
    .orderBy("account_id")
    .execute();
}

async function settled(supervisor: ProjectionSupervisor, position: bigint): Promise<void> {
  await waitFor(async () => {
    const build = (await supervisor.status())[0]?.builds[0];
    return build !== undefined && build.positions.every((at) => at.position >= position);
  });
}

async function owned(supervisor: ProjectionSupervisor): Promise<number> {
  const workers = (await supervisor.status())[0]?.builds[0]?.workers ?? [];
  return workers.filter(({ state }) => state === "running").length;
}

describe("a fold with several partitions", () => {
  test("says the same as one with a single partition, whatever their number", async () => {
    const bank = await openBank();
    const history = bankHistory(600, { accounts: 40 });
    const head = await bank.append(history);
    const expected = expectedAccounts(history);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 7 }), async (partitions) => {
        await using supervisor = bank.supervisor([inPartitions(partitions)], { pageSize: 50 });
        await supervisor.rebuild("accounts");
        await supervisor.start();
        await settled(supervisor, head);
        expect(await supervisor.partitions.list("accounts")).toHaveLength(partitions);
        expect(await accounts(supervisor)).toEqual(expected);
      }),
      { numRuns: 4 },
    );
  });

  test("spreads over the processes that run it, and is taken over when one goes", async () => {
    const bank = await openBank();
    const other = await openBank();
    const first = bank.supervisor([inPartitions(4)], { leaseMs: 1_000 });
    await first.start();
    await waitFor(async () => (await owned(first)) === 4);
    const second = other.supervisor([inPartitions(4)], { leaseMs: 1_000 });
    await second.start();
    await waitFor(async () => (await owned(first)) === 2 && (await owned(second)) === 2, {
      timeoutMs: 20_000,
    });
    const history = bankHistory(300, { accounts: 20 });
    await settled(second, await bank.append(history));
    expect(await accounts(second)).toEqual(expectedAccounts(history));
    await first.close();
    await waitFor(async () => (await owned(second)) === 4, { timeoutMs: 20_000 });
  });
});

describe("split and merge", () => {
  test("while events arrive lose nothing and count nothing twice", async () => {
    const bank = await openBank();
    const supervisor = bank.supervisor([inPartitions(1)], { leaseMs: 1_000 });
    await supervisor.start();
    const history = bankHistory(2_000, { accounts: 60 });
    const appending = (async () => {
      let head = 0n;
      for (let from = 0; from < history.length; from += 50)
        head = await bank.append(history.slice(from, from + 50));
      return head;
    })();
    await supervisor.partitions.split("accounts", 0);
    await supervisor.partitions.split("accounts", 0);
    await supervisor.partitions.split("accounts", 1);
    const ranges = (await supervisor.partitions.list("accounts")).map(({ number, from, to }) => [
      number,
      from,
      to,
    ]);
    expect(ranges).toEqual([
      [0, 0, 16_383],
      [2, 16_384, 32_767],
      [1, 32_768, 49_151],
      [3, 49_152, 65_535],
    ]);
    await supervisor.partitions.merge("accounts", 2, 1);
    await waitFor(async () => (await supervisor.partitions.list("accounts")).length === 3);
    await supervisor.partitions.merge("accounts", 0, 1);
    await waitFor(async () => (await supervisor.partitions.list("accounts")).length === 2);
    await settled(supervisor, await appending);
    await supervisor.partitions.merge("accounts", 3, 0);
    await waitFor(async () => (await supervisor.partitions.list("accounts")).length === 1);
    expect(await accounts(supervisor)).toEqual(expectedAccounts(history));
    expect(await supervisor.partitions.list("accounts")).toMatchObject([{ number: 0, from: 0, to: 65_535 }]);
  });

  test("do not touch the partitions that others work on", async () => {
    const bank = await openBank();
    const supervisor = bank.supervisor([inPartitions(2)]);
    await supervisor.start();
    await waitFor(async () => (await owned(supervisor)) === 2);
    const tokens = async () => {
      const pool = createPool({
        connectionString: database.connectionString,
        max: 1,
        applicationName: "test",
      });
      const { rows } = await pool.query("select fencing_token from tidemark.leases where partition = 1");
      await pool.end();
      return rows;
    };
    const before = await tokens();
    await supervisor.partitions.split("accounts", 0);
    await waitFor(async () => (await owned(supervisor)) === 3);
    expect(await tokens()).toEqual(before);
  });

  test("take the parked sequences along", async () => {
    const bank = await openBank();
    const broken = new Set(["b", "c", "d", "e"]);
    const supervisor = bank.supervisor([sums(broken)], {
      retry: { steps: 1, duration: 1, factor: 1, jitter: 0, cap: 1 },
    });
    await supervisor.start();
    for (const name of broken) await bank.append([moved("a", 13n, name)]);
    await waitFor(async () => (await bank.deadLetters(supervisor).list()).length === 4);
    await supervisor.partitions.split("sums", 0);
    const parked = await bank.deadLetters(supervisor).list();
    expect(parked.map(({ sequence }) => sequence).toSorted()).toEqual(["key:b", "key:c", "key:d", "key:e"]);
    expect(new Set(parked.map(({ partition }) => partition))).toEqual(new Set([0, 1]));
    const last = await bank.append([moved("b", 1n, "c")]);
    await settled(supervisor, last);
    await supervisor.partitions.merge("sums", 0, 1);
    await waitFor(async () => (await supervisor.partitions.list("sums")).length === 1);
    broken.clear();
    const outcomes = await bank.deadLetters(supervisor).retryAll("sums");
    expect(outcomes.map(({ status }) => status)).toEqual(["restored", "restored", "restored", "restored"]);
    const { db } = await supervisor.query(sums(broken));
    const rows = await db.selectFrom("sums").select(["account_id", "log"]).orderBy("account_id").execute();
    expect(rows).toEqual([
      { account_id: "a", log: "13,13,13,13," },
      { account_id: "b", log: "13,1," },
      { account_id: "c", log: "13,1," },
      { account_id: "d", log: "13," },
      { account_id: "e", log: "13," },
    ]);
  });

  test("are refused for what does not exist, does not touch or has no key", async () => {
    const bank = await openBank();
    const handlers = readModel<{ owners: { id: string } }>().defineProjection({
      name: "owners",
      version: 1,
      events: [Opened],
      migrations: [],
      project: { Opened: async () => {} },
    });
    const supervisor = bank.supervisor([inPartitions(3), handlers]);
    await supervisor.start();
    await expect(supervisor.partitions.split("accounts", 9)).rejects.toMatchObject({
      code: "partition-unknown",
    });
    await expect(supervisor.partitions.merge("accounts", 0, 9)).rejects.toMatchObject({
      code: "partition-unknown",
    });
    await expect(supervisor.partitions.merge("accounts", 0, 2)).rejects.toThrow(/must be neighbours/);
    await expect(supervisor.partitions.split("owners", 0)).rejects.toThrow(/has no partitionBy/);
    await expect(supervisor.partitions.split("nothing", 0)).rejects.toMatchObject({
      code: "projection-unknown",
    });
  });
});
