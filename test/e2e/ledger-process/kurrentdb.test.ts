import { EventStoreDBClient, StreamNotFoundError } from "@eventstore/db-client";
import { beforeEach, describe, expect, test } from "vitest";
import { makeServerFolder } from "../../support/server-folder.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { ledgerApplication, runTidemark } from "../../integration/cli/run-tidemark.ts";
import { makeBankFile } from "./bank-file.ts";
import { startNodeProcess, type KurrentDbNodeProcess } from "./kurrentdb-node-process.ts";
import {
  expectBalanced,
  killLedger,
  runLedger,
  runToEnd,
  serveLedger,
  stopLedger,
  type LedgerEnvironment,
  type ServingLedger,
} from "./ledger-process.ts";

let node: KurrentDbNodeProcess;
let database: TestDatabase;
let environment: LedgerEnvironment;

beforeEach(async () => {
  node = await startNodeProcess();
  database = await createTestDatabase();
  environment = {
    EVENT_STORE: node.connectionString,
    DATABASE_URL: database.connectionString,
    LEDGER_DATA_DIR: await makeServerFolder(),
  };
  return () => database.drop();
});

async function expectBalance(ledger: ServingLedger, balance: string): Promise<void> {
  const answer = await ledger.getCurrent("/accounts/ada");
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { balance } });
}

async function deposit(ledger: ServingLedger): Promise<void> {
  expect((await ledger.post("/accounts/ada/deposits", { amount: "10.00" })).status).toBe(201);
}

/** The same server under another name of its protocol. */
function under(scheme: string): LedgerEnvironment {
  return { ...environment, EVENT_STORE: node.connectionString.replace(/^\w+/, scheme) };
}

/** Whether an account has more than its opening. */
async function hasMoved(client: EventStoreDBClient, stream: string): Promise<boolean> {
  try {
    const movements = client.readStream(stream, { fromRevision: 1n, maxCount: 1 });
    for await (const event of movements) return event !== undefined;
    return false;
  } catch (error) {
    if (error instanceof StreamNotFoundError) return false;
    throw error;
  }
}

describe("the ledger on KurrentDB", () => {
  test("has what was acknowledged after Ctrl-C and after kill -9, and a read sees the write before it", async () => {
    const first = await serveLedger(environment);
    expect(first.process.output).toMatch(/^Events +esdb:\/\/127\.0\.0\.1:\d+$/m);
    expect(await first.get("/health/ready")).toMatchObject({
      status: 200,
      body: { status: "ready", eventStore: "kurrentdb" },
    });
    await first.post("/accounts", { accountId: "ada", owner: "Ada", currency: "EUR" });
    await deposit(first);
    await expectBalance(first, "10.00");
    await stopLedger(first);

    const second = await serveLedger(under("kurrentdb"));
    await deposit(second);
    await killLedger(second);

    const third = await serveLedger(under("kurrentdb+discover"));
    expect(third.process.output).toMatch(/^Events +kurrentdb\+discover:/m);
    const written = await third.post("/accounts/ada/withdrawals", { amount: "5" });
    const token = written.headers.get("consistency-token") ?? "";
    expect(await third.get("/accounts/ada", { "consistency-token": token })).toMatchObject({
      status: 200,
      body: { balance: "15.00" },
    });
    await stopLedger(third, "SIGTERM");
  }, 90_000);

  test("killed while it is written to loses nothing acknowledged and repeats nothing", async () => {
    const ledger = await serveLedger(environment);
    await ledger.post("/accounts", { accountId: "ada", owner: "Ada", currency: "EUR" });
    let acknowledged = 0;
    let sent = 0;
    const client = async (): Promise<void> => {
      for (;;) {
        sent += 1;
        const answer = await ledger.post("/accounts/ada/deposits", { amount: "1" }).catch(() => null);
        if (answer?.status !== 201) return;
        acknowledged += 1;
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await waitFor(() => acknowledged > 50);
    await killLedger(ledger);
    await Promise.all(clients);

    const again = await serveLedger(environment);
    const { balance } = (await again.getCurrent("/accounts/ada")).body;
    expect(Number(balance)).toBeGreaterThanOrEqual(acknowledged);
    expect(Number(balance)).toBeLessThanOrEqual(sent);
    const { items } = (await again.getCurrent("/accounts/ada/statement?limit=1000")).body;
    expect(items).toHaveLength(Number(balance));
    await expectBalanced(again);
    await stopLedger(again);
  }, 90_000);

  test("imports a file once, also after kill -9 in the middle, and rebuilds its read models", async () => {
    const path = await makeBankFile(500, 50);
    const killed = runLedger(environment, ["import", path]);
    const client = EventStoreDBClient.connectionString(node.connectionString);
    await waitFor(() => hasMoved(client, "account-40"));
    await client.dispose();
    await killLedger({ process: killed });
    expect(killed.output).not.toContain("imported,");
    const counts = async (): Promise<readonly number[]> => {
      const output = await runToEnd(environment, ["import", path]);
      const [, ...found] = /: (\d+) imported, (\d+) already recorded, 0 not imported\.$/m.exec(output) ?? [];
      expect(found, output).toHaveLength(2);
      return found.map(Number);
    };
    const [imported = 0, already = 0] = await counts();
    expect(imported).toBeGreaterThan(0);
    expect(already).toBeGreaterThan(0);
    const [again, all] = await counts();
    expect([again, all]).toEqual([0, imported + already]);

    const ledger = await serveLedger(environment);
    await expectBalanced(ledger);
    const before = (await ledger.getCurrent("/accounts?limit=1000")).body.items;
    expect(await runToEnd(environment, ["rebuild", "accounts"])).toContain("build 2 serves now");
    expect((await ledger.get("/accounts?limit=1000")).body.items).toEqual(expect.arrayContaining(before));
    await stopLedger(ledger);
  }, 90_000);

  test("imports each record once when two processes import the same file at the same time", async () => {
    const path = await makeBankFile(100, 10);
    // Both may count a record as imported: the server takes the same event at the same revision for one that is sent again.
    await Promise.all([1, 2].map(() => runToEnd(environment, ["import", path])));
    const ledger = await serveLedger(environment);
    const { items } = (await ledger.getCurrent("/accounts?limit=1000")).body;
    const revisions: string[] = items
      .filter(({ currency }: { currency: string }) => currency === "CZK")
      .map(({ revision }: { revision: string }) => revision);
    // The one record of zero moves nothing.
    expect(revisions.toSorted()).toEqual([...Array.from({ length: 9 }, () => "10"), "9"]);
    await expectBalanced(ledger);
    await stopLedger(ledger);
  }, 60_000);

  test("is operated by the tidemark command, which says so when it is told of another store", async () => {
    const ledger = await serveLedger(environment);
    await ledger.post("/accounts", { accountId: "ada", owner: "Ada", currency: "EUR" });
    await deposit(ledger);
    await expectBalance(ledger, "10.00");
    const tidemark = (args: readonly string[], env: LedgerEnvironment = environment) =>
      runTidemark(["--app", ledgerApplication, ...args], { env });
    const status = await tidemark(["projections", "status"]);
    expect(status.stdout).toMatch(/accounts +1 +1 +active +3 +0 /);
    const rebuilt = await tidemark(["projections", "rebuild", "accounts"]);
    expect(rebuilt).toEqual({ code: 0, stdout: "accounts version 1: build 2 serves now.\n", stderr: "" });
    await expectBalance(ledger, "10.00");
    const exported = await tidemark(["log", "export"]);
    expect(exported.stdout.trim().split("\n").at(-1)).toMatch(/"kind":"end","events":"[1-9]/);
    await stopLedger(ledger);

    const { EVENT_STORE: _, ...withoutStore } = environment;
    const elsewhere = await tidemark(["projections", "status"], withoutStore);
    expect(elsewhere).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^The read models in .* are of the event store .*--event-store/),
    });
    const anyway = await tidemark(["projections", "status", "--other-log"], withoutStore);
    expect(anyway).toMatchObject({ code: 0, stdout: expect.stringContaining("active, of another log") });
    const secret = { ...environment, EVENT_STORE: "kurrentdb://me:secret@localhost:99999" };
    const wrong = await tidemark(["projections", "status"], secret);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("must name each host") });
    expect(wrong.stderr).not.toContain("secret");
  }, 90_000);
});
