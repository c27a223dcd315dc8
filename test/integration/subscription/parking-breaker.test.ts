import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { moved, sums } from "../../support/sums.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
const quick = { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 };

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

describe("when more fails than may be parked", () => {
  test("the partition stands and alarms, serves its operator, and goes on when there is room", async () => {
    const broken = new Set(["b", "c", "d"]);
    const supervisor = bank.supervisor([sums(broken)], { retry: quick, parking: { maxParkedSequences: 2 } });
    await supervisor.start();
    await supervisor.whenReady();
    await bank.append([
      moved("a", 13n, "b"),
      moved("a", 13n, "c"),
      moved("a", 13n, "d"),
      moved("a", 1n, "e"),
    ]);
    const worker = async () => (await supervisor.status())[0]?.builds[0]?.workers[0];
    await waitFor(async () => (await worker())?.state === "tripped");
    expect((await worker())?.error).toMatch(
      /2 sequences are parked already, and 2 may be; position 3: d cannot take 13/,
    );
    const { state } = await supervisor.query(sums(broken), {});
    expect(state).toBe("degraded");
    await bank.deadLetters(supervisor).discard("sums", "key:b", { reason: "room", requestedBy: "ops" });
    await waitFor(
      async () =>
        (await bank.deadLetters(supervisor).list()).length === 2 && (await worker())?.state === "running",
    );
    expect((await bank.deadLetters(supervisor).list()).map(({ sequence }) => sequence)).toEqual([
      "key:c",
      "key:d",
    ]);
    await waitFor(async () => (await supervisor.status())[0]?.builds[0]?.positions[0]?.position === 4n);
  });

  test("a share of the sequences trips it, too", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `x${index}`);
    const supervisor = bank.supervisor([sums(new Set(names))], { retry: quick });
    await supervisor.start();
    await bank.append(names.map((name) => moved(name, 13n, name)));
    const worker = async () => (await supervisor.status())[0]?.builds[0]?.workers[0];
    await waitFor(async () => (await worker())?.state === "tripped");
    expect((await worker())?.error).toMatch(/^5 of 5 sequences failed within a minute/);
  });
});
