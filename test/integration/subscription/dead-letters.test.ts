import { readModel, type AnyProjection } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, Opened } from "../../support/bank.ts";
import { moved, sums } from "../../support/sums.ts";
import { opened, ownersByFold } from "../../support/owners.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let pool: pg.Pool;
const banks: Bank[] = [];
const quick = { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 };

async function openBank(): Promise<Bank> {
  const bank = await Bank.open(database.connectionString);
  banks.push(bank);
  return bank;
}

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  pool = createPool({ connectionString: database.connectionString, max: 1, applicationName: "test" });
});
afterEach(async () => {
  for (const bank of banks.splice(0).toReversed()) await bank[Symbol.asyncDispose]();
  await pool.end();
  await database.drop();
});

async function rows(bank: Bank, projection: ReturnType<typeof sums>) {
  const { db } = await bank.supervisor([projection]).query(projection);
  return db.selectFrom("sums").select(["account_id", "cents", "log"]).orderBy("account_id").execute();
}

async function settled(supervisor: ReturnType<Bank["supervisor"]>, position: bigint): Promise<void> {
  await waitFor(async () => {
    const build = (await supervisor.status())[0]?.builds[0];
    return build !== undefined && build.positions.every((at) => at.position >= position);
  });
}

describe("a fold that fails for one key", () => {
  test("parks that key from there on, and the others go on; a retry after the fix restores it in order", async () => {
    const bank = await openBank();
    await bank.append([moved("a", 1n, "b"), moved("a", 13n, "b"), moved("a", 2n, "b"), moved("c", 13n, "d")]);
    const broken = new Set(["b"]);
    const supervisor = bank.supervisor([sums(broken)], { retry: quick });
    await supervisor.start();
    await settled(supervisor, await bank.append([moved("b", 3n, "a"), moved("c", 4n, "d")]));

    expect(await bank.deadLetters(supervisor).list("sums")).toMatchObject([
      {
        name: "sums",
        version: 1,
        sequence: "key:b",
        error: "b cannot take 13",
        attempts: 1,
        events: 3n,
        firstPosition: 2n,
        lastPosition: 5n,
      },
    ]);
    const [parked] = await bank.deadLetters(supervisor).list();
    const letters: unknown[] = [];
    for await (const { position, decoded } of bank.deadLetters(supervisor).show(parked ?? expect.fail()))
      letters.push([position, "events" in decoded && decoded.events[0]?.data]);
    expect(letters).toEqual([
      [2n, { cents: 13n, to: "b" }],
      [3n, { cents: 2n, to: "b" }],
      [5n, { cents: 3n, to: "a" }],
    ]);
    const status = (await supervisor.status())[0]?.builds[0];
    expect(status?.parked).toMatchObject({ sequences: 1, events: 3, oldestAt: expect.any(Date) });

    // Not fixed yet: it stays, and says that it was tried.
    expect(await bank.deadLetters(supervisor).retry("sums", "key:b")).toEqual([
      { sequence: "key:b", status: "failed", error: "b cannot take 13" },
    ]);
    broken.clear();
    expect(await bank.deadLetters(supervisor).retry("sums", "key:b")).toEqual([
      { sequence: "key:b", status: "restored", error: null },
    ]);
    expect(await bank.deadLetters(supervisor).list()).toEqual([]);
    await settled(supervisor, await bank.append([moved("b", 5n, "d")]));
    expect(await rows(bank, sums(broken))).toEqual([
      { account_id: "a", cents: -13n, log: "1,13,2,3," },
      { account_id: "b", cents: 8n, log: "1,13,2,3,5," },
      { account_id: "c", cents: -17n, log: "13,4," },
      { account_id: "d", cents: 22n, log: "13,4,5," },
    ]);
  });

  test("by making its row larger than a row may be parks that key alone, and says how large it may be", async () => {
    const bank = await openBank();
    const supervisor = bank.supervisor([sums(new Set())], { retry: quick, maxRowBytes: 1_000 });
    const hoarding = Array.from({ length: 100 }, () => moved("b", 1_000n, "b"));
    await bank.append([moved("c", 1n, "d"), moved("c", 2n, "b")]);
    await supervisor.start();
    await settled(supervisor, await bank.append([...hoarding, moved("c", 3n, "d")]));

    const [parked, ...others] = await bank.deadLetters(supervisor).list("sums");
    expect(others).toEqual([]);
    expect(parked).toMatchObject({ sequence: "key:b", attempts: 1 });
    expect(parked?.error).toMatch(
      /^The row "b" of the table sums would take about 1\d\d\d bytes, more than maxRowBytes \(1000\)/,
    );
    // What was folded before it became too large stays.
    const read = await rows(bank, sums(new Set()));
    expect(read).toMatchObject([
      { account_id: "b" },
      { account_id: "c", log: "1,2,3," },
      { account_id: "d", log: "1,3," },
    ]);
    expect(read[0]?.log.length).toBeGreaterThan(100);
    expect(read[0]?.log.length).toBeLessThan(500);
  });

  test("keeps live events behind those that wait, however many there are", async () => {
    const bank = await openBank();
    const broken = new Set(["b"]);
    const projection = sums(broken);
    const supervisor = bank.supervisor([projection], { retry: quick });
    await supervisor.start();
    const numbers = Array.from({ length: 1_700 }, (_, index) => BigInt(index));
    await bank.append([moved("a", 13n, "b")]);
    for (let from = 0; from < numbers.length; from += 100) {
      await bank.append(
        numbers.slice(from, from + 100).map((cents, index) => moved(`s${index}`, cents + 100n, "b")),
      );
    }
    await waitFor(async () => (await bank.deadLetters(supervisor).list())[0]?.events === 1_701n);
    broken.clear();
    const retried = bank.deadLetters(supervisor).retry("sums", "key:b");
    for (let late = 0; late < 50; late += 1) await bank.append([moved("late", BigInt(5_000 + late), "b")]);
    expect((await retried)[0]?.status).toBe("restored");
    await settled(supervisor, await bank.append([moved("late", 9_999n, "b")]));
    const b = (await rows(bank, projection)).find(({ account_id }) => account_id === "b");
    const expected = [
      13n,
      ...numbers.map((cents) => cents + 100n),
      ...Array.from({ length: 50 }, (_, late) => BigInt(5_000 + late)),
      9_999n,
    ];
    expect(b?.log).toBe(`${expected.join(",")},`);
  });

  test("can be given up with a reason, which is kept", async () => {
    const bank = await openBank();
    await bank.append([moved("a", 13n, "b"), moved("a", 1n, "b")]);
    const projection = sums(new Set(["b"]));
    const supervisor = bank.supervisor([projection], { retry: quick });
    await supervisor.start();
    await waitFor(async () => (await bank.deadLetters(supervisor).list()).length === 1);
    const nobody = { reason: " ", requestedBy: "ops" };
    await expect(bank.deadLetters(supervisor).discard("sums", "key:b", nobody)).rejects.toThrow(
      /reason must say why/,
    );
    const outcome = await bank.deadLetters(supervisor).discard("sums", "key:b", {
      reason: "test data",
      requestedBy: "ops",
    });
    expect(outcome).toEqual([{ sequence: "key:b", status: "discarded", error: null }]);
    await settled(supervisor, await bank.append([moved("a", 2n, "b")]));
    expect((await rows(bank, projection)).find(({ account_id }) => account_id === "b")?.log).toBe("2,");
    const { rows: kept } = await pool.query(
      "select position, sequence, error, reason, discarded_by from tidemark.discarded_letters order by position",
    );
    const because = {
      sequence: "key:b",
      error: "b cannot take 13",
      reason: "test data",
      discarded_by: "ops",
    };
    expect(kept).toEqual([
      { position: 1n, ...because },
      { position: 2n, ...because },
    ]);
  });

  test("is asked for by any process, and outlives its owner", async () => {
    const bank = await openBank();
    await bank.append([moved("a", 13n, "b"), moved("a", 1n, "b")]);
    const broken = new Set(["b"]);
    const first = bank.supervisor([sums(broken)], { retry: quick, leaseMs: 500 });
    await first.start();
    await waitFor(async () => (await bank.deadLetters(first).list()).length === 1);
    await first.close();
    broken.clear();
    const other = await openBank();
    const asking = other.supervisor([sums(broken)]);
    const pending = await bank.deadLetters(asking).retry("sums", "key:b", { timeoutMs: 200 });
    expect(pending).toEqual([{ sequence: "key:b", status: "pending", error: null }]);
    const heir = bank.supervisor([sums(broken)], { retry: quick, leaseMs: 500 });
    await heir.start();
    await waitFor(async () => (await bank.deadLetters(asking).list()).length === 0);
    await settled(heir, await bank.append([moved("a", 2n, "b")]));
    await heir.whenReady();
    expect((await rows(bank, sums(broken))).find(({ account_id }) => account_id === "b")?.log).toBe(
      "13,1,2,",
    );
    await expect(bank.deadLetters(asking).retry("sums", "key:b")).rejects.toMatchObject({
      code: "sequence-unknown",
    });
  });
});

describe("an event that cannot be stored", () => {
  test("is found in a batch of many and parked alone", async () => {
    const bank = await openBank();
    // PostgreSQL stores no NUL character: the bulk write fails, and does not say for which row.
    await bank.append(
      Array.from({ length: 300 }, (_, index) => opened(`a${index}`, index === 171 ? "\0" : "fine")),
    );
    const supervisor = bank.supervisor([ownersByFold], { retry: quick });
    await supervisor.start();
    await supervisor.whenReady();
    expect(await bank.deadLetters(supervisor).list()).toMatchObject([
      { sequence: "key:a171", attempts: 2, events: 1n },
    ]);
    const { rows: count } = await pool.query("select count(*)::int as n from tidemark_owners_v1_b1.owners");
    expect(count).toEqual([{ n: 299 }]);
  });
});

describe("a handler that fails for one stream", () => {
  interface Tables {
    owners: { account_id: string; owner: string };
  }
  function owners(broken: Set<string>): AnyProjection & { readonly "~tables"?: Tables } {
    return readModel<Tables>().defineProjection({
      name: "owners",
      version: 1,
      events: [Opened],
      migrations: [
        {
          name: "create owners",
          up: (db) =>
            db.schema
              .createTable("owners")
              .addColumn("account_id", "text")
              .addColumn("owner", "text", (column) => column.notNull())
              .execute(),
        },
      ],
      project: {
        Opened: async (tx, { aggregateId, data }) => {
          await tx.insertInto("owners").values({ account_id: aggregateId, owner: data.owner }).execute();
          if (broken.has(data.owner)) throw new Error("not this one");
        },
      },
    });
  }

  test("parks that stream after its attempts, and a retry brings its events in order", async () => {
    const bank = await openBank();
    const broken = new Set(["2"]);
    const supervisor = bank.supervisor([owners(broken)], { retry: quick });
    await supervisor.start();
    await bank.append([opened("a", "1"), opened("b", "2"), opened("a", "3"), opened("c", "5")]);
    await bank.append([opened("b", "4")]);
    await waitFor(async () => (await bank.deadLetters(supervisor).list())[0]?.events === 2n);
    expect(await bank.deadLetters(supervisor).list()).toMatchObject([
      { sequence: "stream:account-b", attempts: 2 },
    ]);
    const stored = async () =>
      (await pool.query("select account_id || owner as row from tidemark_owners_v1_b1.owners order by owner"))
        .rows;
    expect(await stored()).toEqual([{ row: "a1" }, { row: "a3" }, { row: "c5" }]);
    broken.clear();
    expect((await bank.deadLetters(supervisor).retryAll("owners"))[0]?.status).toBe("restored");
    expect(await stored()).toEqual([
      { row: "a1" },
      { row: "b2" },
      { row: "a3" },
      { row: "b4" },
      { row: "c5" },
    ]);
  });
});
