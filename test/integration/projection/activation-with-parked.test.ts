import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { moved, sums } from "../../support/sums.ts";
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

const history = [moved("a", 1n, "b"), moved("a", 13n, "b"), moved("c", 5n, "d"), moved("a", 2n, "b")];
const healthy = sums(new Set());
const broken = sums(new Set(["b"]));

describe("a build with parked sequences", () => {
  test("that nothing serves beside is activated, degraded", async () => {
    await bank.append(history);
    const supervisor = bank.supervisor([broken]);
    await supervisor.start();
    await supervisor.whenReady();
    await expect(supervisor.query(broken)).resolves.toMatchObject({ state: "degraded" });
  });

  test("does not replace the one that serves, says why, and does so when they are retried", async () => {
    await bank.append(history);
    await bank.supervisor([healthy]).rebuild("sums");
    const error: unknown = await bank
      .supervisor([broken])
      .rebuild("sums")
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "build-has-parked", details: { build: 2, parked: 1 } });

    const supervisor = bank.supervisor([healthy]);
    const before = (await supervisor.status())[0]?.builds;
    expect(before?.map(({ build, waitsFor }) => [build.number, build.status, waitsFor])).toEqual([
      [2, "building", "parked-sequences"],
      [1, "active", null],
    ]);
    await supervisor.start();
    expect((await supervisor.query(healthy)).state).toBe("current");
    const letters = bank.deadLetters(supervisor);
    expect(await letters.list("sums")).toMatchObject([{ sequence: "key:b", version: 1 }]);
    await letters.retry("sums", "key:b");
    await waitFor(async () => (await supervisor.status())[0]?.builds[0]?.build.status === "active");
    const { db } = await supervisor.query(healthy);
    const rows = await db.selectFrom("sums").select(["account_id", "log"]).orderBy("account_id").execute();
    expect(rows).toContainEqual({ account_id: "b", log: "1,13,2," });
  });

  test("serves when the operator says so, and is degraded", async () => {
    await bank.append(history);
    await bank.supervisor([healthy]).rebuild("sums");
    const operator = bank.supervisor([broken]);
    await expect(operator.rebuild("sums")).rejects.toMatchObject({ code: "build-has-parked" });
    const build = await operator.rebuild("sums", { activateWithParked: true });
    expect(build).toMatchObject({ number: 2, status: "active", serving: true });
    await expect(operator.query(broken)).resolves.toMatchObject({ state: "degraded" });
  });

  test("is no operator's business any more once another build has replaced it", async () => {
    await bank.append(history);
    const first = bank.supervisor([broken]);
    await first.rebuild("sums");
    const letters = bank.deadLetters(first);
    expect(await letters.list()).toHaveLength(1);
    await bank.supervisor([healthy]).rebuild("sums");
    expect(await letters.list()).toEqual([]);
    const [replaced] = (await first.status())[0]?.builds.slice(1) ?? [];
    expect(replaced).toMatchObject({
      build: { status: "retired" },
      parked: { sequences: 0, oldestAt: null },
    });
    await expect(bank.supervisor([healthy]).query(healthy)).resolves.toMatchObject({ state: "current" });

    // It goes back as it was: incomplete, and known to be.
    const back = bank.supervisor([healthy]);
    await expect(back.rollback("sums")).rejects.toMatchObject({ code: "build-has-parked" });
    await back.rollback("sums", { activateWithParked: true });
    await expect(back.query(healthy)).resolves.toMatchObject({ state: "degraded" });
    expect(await letters.list()).toMatchObject([{ sequence: "key:b" }]);
  });
});
