import { formatConsistencyToken, type ProjectionSupervisor } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  accountsFold,
  accountsHandlers,
  Bank,
  bankHistory,
  expectedAccounts,
  Noted,
} from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const fold = accountsFold(1);
const both = [fold, accountsHandlers] as const;

let database: TestDatabase;
let writer: Bank;
const banks: Bank[] = [];

/** Closed after the test, also when it fails. */
async function openBank(): Promise<Bank> {
  const bank = await Bank.open(database.connectionString);
  banks.push(bank);
  return bank;
}

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  writer = await openBank();
});
afterEach(async () => {
  for (const bank of banks.splice(0).toReversed()) await bank[Symbol.asyncDispose]();
  await database.drop();
});

function token(position: bigint): string {
  return formatConsistencyToken(writer.eventStore.storeId, position);
}

async function rowsOf(supervisor: ProjectionSupervisor, projection: (typeof both)[number], position: bigint) {
  const { db } = await supervisor.query(projection, { consistencyToken: token(position), waitSeconds: 20 });
  return db
    .selectFrom("accounts")
    .select(["account_id", "owner", "cents", "moves"])
    .orderBy("account_id")
    .execute();
}

describe("several processes that run the same projections", () => {
  test("apply each event once, while one after the other goes away", async () => {
    const nodes = await Promise.all([1, 2, 3].map(openBank));
    const supervisors = nodes.map((node) => node.supervisor(both, { leaseMs: 1_000, pageSize: 20 }));
    await Promise.all(supervisors.map((supervisor) => supervisor.start()));
    await Promise.all(supervisors.map((supervisor) => supervisor.whenReady()));
    const history = bankHistory(1_200);
    let position = 0n;
    for (const [index, node] of nodes.entries()) {
      position = await writer.append(history.slice(index * 400, index * 400 + 400));
      if (index < 2) await node[Symbol.asyncDispose]();
    }
    const [, , last] = supervisors;
    if (last === undefined) throw new Error("there are three");
    for (const projection of both)
      expect(await rowsOf(last, projection, position)).toEqual(expectedAccounts(history));

    const status = await last.status();
    const counted = history.filter(({ event }) => event.type !== "Noted").length;
    expect(status.map(({ builds }) => builds.map(({ events }) => events))).toEqual([
      [BigInt(counted)],
      [BigInt(counted)],
    ]);
    expect(status[0]?.builds[0]?.holders).toEqual([
      {
        partition: 0,
        label: expect.stringContaining(`process ${process.pid}`),
        state: "running",
        error: null,
      },
    ]);
  });

  test("start at once on an empty database, and make one build", async () => {
    const nodes = await Promise.all([1, 2, 3].map(openBank));
    const supervisors = nodes.map((node) => node.supervisor(both));
    await Promise.all(supervisors.map((supervisor) => supervisor.start()));
    await Promise.all(supervisors.map((supervisor) => supervisor.whenReady()));
    const [status] = (await supervisors[0]?.status()) ?? [];
    expect(status?.builds.map(({ build }) => build.number)).toEqual([1]);
  });

  test("an idle one keeps its lease", async () => {
    const supervisor = writer.supervisor([fold], { leaseMs: 300 });
    await supervisor.start();
    await supervisor.whenReady();
    const other = await openBank();
    const standby = other.supervisor([fold], { leaseMs: 300 });
    await standby.start();
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    const lease = async () =>
      (await pool.query("select owner, fencing_token, expires_at from tidemark.leases")).rows[0];
    const first = await lease();
    await waitFor(async () => (await lease()).expires_at > new Date(first.expires_at.getTime() + 1_000));
    expect(await lease()).toMatchObject({ owner: first.owner, fencing_token: first.fencing_token });
    await pool.end();
  });
});

describe("a consistency token", () => {
  test("lets a process that projects nothing read what another one wrote and a third one projects", async () => {
    const projecting = writer.supervisor([fold]);
    await projecting.start();
    await projecting.whenReady();
    const reader = await openBank();
    const reading = reader.supervisor([fold]);
    const history = bankHistory(60);
    for (const [index, entry] of history.entries()) {
      const position = await writer.append([entry]);
      const expected = expectedAccounts(history.slice(0, index + 1));
      expect(await rowsOf(reading, fold, position)).toEqual(expected);
      expect(await rowsOf(projecting, fold, position)).toEqual(expected);
    }
  });

  test("of a write that the projection does not follow is answered at once", async () => {
    const projecting = writer.supervisor([fold]);
    await projecting.start();
    await projecting.whenReady();
    const reader = await openBank();
    const reading = reader.supervisor([fold]);
    await reading.query(fold);
    for (const supervisor of [projecting, reading, projecting, reading]) {
      const position = await writer.append([{ account: "a", event: Noted({ text: "nothing" }) }]);
      const since = performance.now();
      await supervisor.query(fold, { consistencyToken: token(position) });
      // Without anybody waiting, the checkpoint would follow after a second.
      expect(performance.now() - since).toBeLessThan(600);
    }
  });

  test("is not needed for an idle checkpoint to follow the log within a second or so", async () => {
    const supervisor = writer.supervisor([fold]);
    await supervisor.start();
    await supervisor.whenReady();
    await writer.append([{ account: "a", event: Noted({ text: "nothing" }) }]);
    const lag = async () => (await supervisor.status())[0]?.builds[0]?.lag;
    expect(await lag()).toBe(1n);
    await waitFor(async () => (await lag()) === 0n, { timeoutMs: 3_000 });
  });

  test("is refused when it is malformed, of another store or beyond the head", async () => {
    const supervisor = writer.supervisor([fold]);
    await supervisor.start();
    await supervisor.whenReady();
    const position = await writer.append(bankHistory(3));
    const other = formatConsistencyToken("00000000-0000-4000-8000-000000000000", 1n);
    for (const consistencyToken of ["", "v1", "v1.x.1", other, token(position + 1n), token(2n ** 62n)]) {
      await expect(supervisor.query(fold, { consistencyToken }), consistencyToken).rejects.toMatchObject({
        code: "consistency-token-invalid",
        status: 400,
      });
    }
  });

  test("that is not reached in time says how far behind the read model is", async () => {
    const supervisor = writer.supervisor([fold]);
    await supervisor.start();
    await supervisor.whenReady();
    const before = await writer.append(bankHistory(10));
    await supervisor.query(fold, { consistencyToken: token(before) });
    await supervisor.close();

    const reader = await openBank();
    const reading = reader.supervisor([fold], { maxWaiters: 2 });
    const position = await writer.append(bankHistory(5, { seed: 3 }));
    const query = (waitSeconds: number) =>
      reading.query(fold, { consistencyToken: token(position), waitSeconds });
    const since = performance.now();
    await expect(query(0.2)).rejects.toMatchObject({
      code: "projection-behind",
      status: 503,
      details: { lag: String(position - before), retryAfterSeconds: 1 },
    });
    expect(performance.now() - since).toBeGreaterThan(150);
    await expect(query(0)).rejects.toMatchObject({ code: "projection-behind" });

    const outcomes = await Promise.allSettled([query(0.3), query(0.3), query(0.3)]);
    const codes = outcomes.map((outcome) =>
      outcome.status === "rejected" ? String(outcome.reason.code) : "",
    );
    expect(codes.toSorted((a, b) => a.localeCompare(b))).toEqual([
      "projection-behind",
      "projection-behind",
      "too-many-waiters",
    ]);

    const abort = new AbortController();
    const waiting = reading.query(fold, { consistencyToken: token(position), signal: abort.signal });
    abort.abort(new Error("the client has gone"));
    await expect(waiting).rejects.toThrow("the client has gone");
  });
});
