import type { FoldProjection } from "@tidemark/framework";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountsFold, accountsHandlers, Bank, bankHistory, expectedAccounts } from "../../support/bank.ts";
import type { BankEvent } from "../../support/bank.ts";
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
const second = accountsFold(2);

type Supervisor = ReturnType<Bank["supervisor"]>;

const statuses = async (supervisor: Supervisor) =>
  (await supervisor.status())[0]?.builds.map(({ build }) => [build.version, build.number, build.status]);

async function expectRows(
  supervisor: Supervisor,
  history: readonly BankEvent[],
  definition: FoldProjection<"accounts", (typeof first)["table"]> = first,
) {
  const { db } = await supervisor.query(definition);
  const rows = await db
    .selectFrom("accounts")
    .select(["account_id", "owner", "cents", "moves"])
    .orderBy("account_id")
    .execute();
  expect(rows).toEqual(expectedAccounts(history));
}

describe("a rollback", () => {
  test("brings the build before up to date and lets it serve; the one that served is kept", async () => {
    const history = bankHistory(400);
    await bank.append(history);
    const server = bank.supervisor([first]);
    await server.start();
    await server.whenReady();
    await server.rebuild("accounts");
    const more = bankHistory(300, { seed: 5 });
    await bank.append(more);

    await using node = await Bank.open(database.connectionString);
    const back = await node.supervisor([first]).rollback("accounts");
    expect(back).toMatchObject({ number: 1, status: "active", serving: true, returning: false });
    expect(await statuses(server)).toEqual([
      [1, 2, "retired"],
      [1, 1, "active"],
    ]);
    await expectRows(server, [...history, ...more]);

    // It goes on, and so does the way back to the other one.
    const last = bankHistory(50, { seed: 9 });
    await bank.append(last);
    await waitFor(async () => (await server.status())[0]?.builds[1]?.lag === 0n);
    await expectRows(server, [...history, ...more, ...last]);
    expect(await server.rollback("accounts")).toMatchObject({ number: 2, status: "active" });
    await expectRows(server, [...history, ...more, ...last]);
    await waitFor(async () => (await server.confirm("accounts")).length === 1);
    await expect(server.rollback("accounts")).rejects.toMatchObject({
      code: "build-refused",
      message: expect.stringContaining("no earlier build is kept"),
    });
  });

  test("works for handlers, and for a build that is asked for by its number", async () => {
    const history = bankHistory(200);
    await bank.append(history);
    const supervisor = bank.supervisor([accountsHandlers]);
    const name = "accounts-by-handlers";
    for (let build = 1; build <= 3; build += 1) await supervisor.rebuild(name);
    await expect(supervisor.rollback(name, { build: 9 })).rejects.toMatchObject({ code: "build-refused" });
    const more = bankHistory(20, { seed: 4 });
    await bank.append(more);
    expect(await supervisor.rollback(name, { build: 1 })).toMatchObject({ number: 1, status: "active" });
    const { db } = await supervisor.query(accountsHandlers);
    const rows = await db.selectFrom("accounts").selectAll().orderBy("account_id").execute();
    expect(rows).toEqual(expectedAccounts([...history, ...more]));
  });

  test("that is cancelled leaves both builds as they were; one that is left goes on", async () => {
    await bank.append(bankHistory(100));
    const supervisor = bank.supervisor([first]);
    await supervisor.rebuild("accounts");
    await supervisor.rebuild("accounts");
    const [, old] = (await bank.store.builds(["accounts"])).map(({ build }) => build);
    if (old === undefined) throw new Error("there is no retired build");
    // As a process leaves it that is killed in the middle.
    const begin = () => bank.store.returnBuild(old, { target: 1_000_000n, activateWithParked: false });
    await begin();
    await expect(supervisor.rebuild("accounts")).rejects.toMatchObject({ code: "build-refused" });
    expect(await supervisor.cancel("accounts")).toBe(true);
    expect(await statuses(supervisor)).toEqual([
      [1, 2, "active"],
      [1, 1, "retired"],
    ]);
    await begin();
    expect(await supervisor.rollback("accounts")).toMatchObject({ number: 1, status: "active" });
  });

  test("and a rebuild that begin at once do not get in each other's way", async () => {
    await bank.append(bankHistory(50));
    const supervisor = bank.supervisor([first]);
    const { fingerprint } = await supervisor.rebuild("accounts");
    await supervisor.rebuild("accounts");
    const old = (await bank.store.builds(["accounts"])).find(({ build }) => build.status === "retired");
    if (old === undefined) throw new Error("there is no retired build");
    const [begun, returned] = await Promise.all([
      bank.store.createBuild(first, { fingerprint, target: 1n, anew: true }),
      bank.store.returnBuild(old.build, { target: 1n, activateWithParked: false }),
    ]);
    expect(returned).toBe(!begun.created);
    const building = (await bank.store.builds(["accounts"])).filter(
      ({ build }) => build.status === "building",
    );
    expect(building).toHaveLength(1);
  });

  test("waits for a rebuild that is under way to be cancelled", async () => {
    await bank.append(bankHistory(100));
    const supervisor = bank.supervisor([first]);
    const { fingerprint } = await supervisor.rebuild("accounts");
    await bank.store.createBuild(first, { fingerprint, target: 10n, anew: true });
    await expect(supervisor.rollback("accounts")).rejects.toMatchObject({
      code: "build-refused",
      message: expect.stringContaining("cancel it"),
    });
  });

  test("to an older version is refused by newer code and done by the older", async () => {
    const history = bankHistory(200);
    await bank.append(history);
    const old = bank.supervisor([first]);
    await old.rebuild("accounts");
    const newer = bank.supervisor([second]);
    await newer.rebuild("accounts");
    await expect(newer.rollback("accounts")).rejects.toMatchObject({
      code: "build-refused",
      message: expect.stringContaining("deploy the code that defines version 1"),
    });
    const more = bankHistory(100, { seed: 3 });
    await bank.append(more);

    await using node = await Bank.open(database.connectionString);
    const redeployed = node.supervisor([first]);
    await redeployed.start();
    expect(await redeployed.rollback("accounts")).toMatchObject({ version: 1, status: "active" });
    expect(await statuses(redeployed)).toEqual([
      [2, 1, "retired"],
      [1, 1, "active"],
    ]);
    await expectRows(redeployed, [...history, ...more]);
    // And forward again, by the newer code.
    expect(await newer.rollback("accounts")).toMatchObject({ version: 2, status: "active" });
    await expectRows(newer, [...history, ...more], second);
  });
});
