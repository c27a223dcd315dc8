import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeServerFolder } from "../../support/server-folder.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { makeBankFile } from "./bank-file.ts";
import {
  expectBalanced,
  killLedger,
  runLedger,
  runToEnd,
  scaled,
  serveLedger,
  stopLedger,
  type ServingLedger,
} from "./ledger-process.ts";

/** The year 1993 of the bank; a made one of the same form where that file is not at hand. */
const sharedFile = fileURLToPath(new URL("../../../../shared/data/bank-1993.csv", import.meta.url));

/** The exact sum of each account's signed amounts, in cents: plain arithmetic over the file, none of the ledger's code. */
async function expectedBalances(path: string): Promise<Map<string, bigint>> {
  const [, ...rows] = (await readFile(path, "utf8")).replaceAll('"', "").trim().split(/\r?\n/);
  const sums = new Map<string, bigint>();
  for (const row of rows) {
    const [, account = "", , type, , amount = ""] = row.split(";");
    const cents = scaled(amount, 2);
    sums.set(account, (sums.get(account) ?? 0n) + (type === "PRIJEM" ? cents : -cents));
  }
  return sums;
}

async function expectBalances(ledger: ServingLedger, expected: ReadonlyMap<string, bigint>): Promise<void> {
  expect((await ledger.getCurrent("/accounts?limit=1")).status).toBe(200);
  const accounts = [...expected.keys()];
  const wrong: string[] = [];
  const readNext = async (): Promise<void> => {
    for (let account = accounts.pop(); account !== undefined; account = accounts.pop()) {
      const { body } = await ledger.get(`/accounts/${account}`);
      if (scaled(body.balance ?? "0", 2) !== expected.get(account)) wrong.push(`${account}: ${body.balance}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, readNext));
  expect(wrong).toEqual([]);
}

test("the bank's year 1993: every balance is exact, also after kill -9 in the middle of the import", async () => {
  const file = existsSync(sharedFile) ? sharedFile : await makeBankFile(20_000, 997);
  const expected = await expectedBalances(file);
  const records = (await readFile(file, "utf8")).trim().split("\n").length - 1;
  const database = await createTestDatabase();
  const environment = { DATABASE_URL: database.connectionString, LEDGER_DATA_DIR: await makeServerFolder() };

  const killed = runLedger(environment, ["import", file]);
  await killed.waitForLine(/^Import: +[1-9]\d? %/, { timeoutMs: 60_000 });
  await killLedger({ process: killed });
  expect(killed.output).not.toContain("imported,");

  const interrupted = runLedger(environment, ["import", file]);
  await interrupted.waitForLine(/^Import: +[1-9]\d? %/, { timeoutMs: 60_000 });
  const asked = performance.now();
  interrupted.kill("SIGINT");
  expect((await interrupted.exit).code, interrupted.output).toBe(130);
  expect(performance.now() - asked).toBeLessThan(5_000);

  const ledger = await serveLedger(environment);
  const output = await runToEnd(environment, ["import", file]);
  const [, imported = "", already = ""] =
    /: (\d+) imported, (\d+) already recorded, 0 not imported\.$/m.exec(output) ?? [];
  expect(Number(imported) + Number(already), output).toBe(records);
  expect(Number(already)).toBeGreaterThan(0);
  expect(Number(imported)).toBeGreaterThan(0);

  await expectBalances(ledger, expected);
  await expectBalanced(ledger);
  await killLedger(ledger);
  const restarted = await serveLedger(environment);
  await expectBalances(restarted, expected);
  await stopLedger(restarted);
  await database.drop();
}, 240_000);
