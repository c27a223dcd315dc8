import { existsSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeServerFolder, readServerPid } from "../../support/server-folder.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import {
  killLedger,
  runLedger,
  runToEnd,
  serveLedger,
  stopLedger,
  type ServingLedger,
} from "./ledger-process.ts";

const sample = fileURLToPath(new URL("../../../examples/ledger/samples/bank.csv", import.meta.url));

async function expectBalance(ledger: ServingLedger, balance: string): Promise<void> {
  const answer = await ledger.getCurrent("/accounts/ada");
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { balance } });
}

async function deposit(ledger: ServingLedger): Promise<void> {
  expect((await ledger.post("/accounts/ada/deposits", { amount: "10.00" })).status).toBe(201);
}

test("what was acknowledged is there after Ctrl-C, after kill -9, and after the database was killed too", async () => {
  const dataDir = await makeServerFolder();
  const environment = { LEDGER_DATA_DIR: dataDir };
  const postgres = join(dataDir, "postgres");

  const first = await serveLedger(environment);
  expect(first.process.output).toContain(`OpenAPI page     ${first.api}/docs`);
  expect((await fetch(`${first.api}/docs`)).status).toBe(200);
  expect(await (await fetch(`${first.registry}/subjects`)).json()).toContain("ledger.AccountOpened");
  expect((await first.get("/health/ready")).status).toBe(200);
  await first.post("/accounts", { accountId: "ada", owner: "Ada", currency: "EUR" });
  await deposit(first);
  await expectBalance(first, "10.00");
  await stopLedger(first);
  expect(await readServerPid(postgres)).toBeUndefined();

  const second = await serveLedger(environment);
  await expectBalance(second, "10.00");
  await runToEnd(environment, ["import", sample]);
  expect((await second.getCurrent("/accounts/71")).status).toBe(200);
  await deposit(second);
  await killLedger(second);
  expect(await readServerPid(postgres)).toBeDefined();

  const third = await serveLedger(environment);
  // Within the time that a read waits by default, although the process that was killed still holds the projections.
  const written = await third.post("/accounts/ada/withdrawals", { amount: "5" });
  const token = written.headers.get("consistency-token") ?? "";
  expect(await third.get("/accounts/ada", { "consistency-token": token })).toMatchObject({
    status: 200,
    body: { balance: "15.00" },
  });
  await deposit(third);
  const pid = await readServerPid(postgres);
  await killLedger(third);
  if (pid !== undefined) process.kill(pid, "SIGKILL");

  const fourth = await serveLedger(environment);
  await expectBalance(fourth, "25.00");
  await stopLedger(fourth, "SIGTERM");
  expect(await readServerPid(postgres)).toBeUndefined();

  expect(await runToEnd(environment, ["import", sample])).toContain(": 0 imported,");
  expect(await readServerPid(postgres)).toBeUndefined();
}, 120_000);

test("Ctrl-C under load loses nothing that was acknowledged, and answers what it still can", async () => {
  const database = await createTestDatabase();
  const environment = { DATABASE_URL: database.connectionString, LEDGER_DATA_DIR: await makeServerFolder() };
  const ledger = await serveLedger(environment);
  await ledger.post("/accounts", { accountId: "ada", owner: "Ada", currency: "EUR" });
  let acknowledged = 0;
  let sent = 0;
  const statuses = new Set<number>();
  const client = async (): Promise<void> => {
    for (;;) {
      sent += 1;
      const answer = await ledger.post("/accounts/ada/deposits", { amount: "1" }).catch(() => null);
      if (answer === null) return;
      statuses.add(answer.status);
      if (answer.status === 201) acknowledged += 1;
      else return;
    }
  };
  const clients = Array.from({ length: 20 }, client);
  await waitFor(() => acknowledged > 100);
  await stopLedger(ledger);
  await Promise.all(clients);
  expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);

  const again = await serveLedger(environment);
  const { balance } = (await again.getCurrent("/accounts/ada")).body;
  expect(Number(balance)).toBeGreaterThanOrEqual(acknowledged);
  expect(Number(balance)).toBeLessThanOrEqual(sent);
  await stopLedger(again);
  await database.drop();
}, 60_000);

test("Ctrl-C stops it also while it is starting, and while clients hold on to it", async () => {
  const dataDir = await makeServerFolder();
  const environment = { LEDGER_DATA_DIR: dataDir };
  const starting = runLedger(environment);
  await waitFor(() => existsSync(join(dataDir, "postgres")));
  const asked = performance.now();
  starting.kill("SIGINT");
  await starting.exit;
  expect(performance.now() - asked, starting.output).toBeLessThan(5_000);
  expect(starting.output).not.toContain("    at ");

  const twice = await serveLedger(environment);
  // The terminal sends it to the whole process group, and npm passes it on.
  twice.process.kill("SIGINT");
  await stopLedger(twice);
  expect(await readServerPid(join(dataDir, "postgres"))).toBeUndefined();

  const ledger = await serveLedger(environment);
  const silent = await openConnection(ledger.api);
  await ledger.get("/accounts");
  await stopLedger(ledger);
  silent.destroy();
}, 60_000);

/** A client that has sent half a request and then nothing. */
function openConnection(url: string) {
  const half = request(`${url}/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": 100 },
  });
  half.on("error", () => undefined);
  half.write("{");
  return waitFor(() => (half.socket?.connecting === false ? half : null));
}
