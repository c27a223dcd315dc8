import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeServerFolder } from "../../support/server-folder.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import {
  expectBalanced,
  runToEnd,
  serveLedger,
  stopLedger,
  type LedgerEnvironment,
} from "./ledger-process.ts";

const samples = fileURLToPath(new URL("../../../examples/ledger/samples/", import.meta.url));
const sharedJournal = fileURLToPath(new URL("../../../../shared/data/accounts.journal", import.meta.url));
const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";

let database: TestDatabase;
let folder: string;
let environment: LedgerEnvironment;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await makeServerFolder();
  environment = { DATABASE_URL: database.connectionString, LEDGER_DATA_DIR: folder, INIT_CWD: folder };
});

afterEach(() => database.drop());

/** `imported`, `already recorded`, `not imported` as a person reads them. */
function counts(output: string): readonly number[] {
  const match = /: (\d+) imported, (\d+) already recorded, (\d+) not imported\.$/m.exec(output);
  expect(match, output).not.toBeNull();
  return (match ?? []).slice(1).map(Number);
}

describe("an import", () => {
  test("of the same file twice changes nothing, while the ledger runs and while it does not", async () => {
    for (const file of ["household.journal", "bank.csv"]) {
      const path = join(samples, file);
      const [imported = 0, already, problems] = counts(await runToEnd(environment, ["import", path]));
      expect([already, problems]).toEqual([0, 0]);
      expect(imported).toBeGreaterThan(0);
      expect(counts(await runToEnd(environment, ["import", path]))).toEqual([0, imported, 0]);
    }
    const ledger = await serveLedger(environment);
    const before = (await ledger.getCurrent("/trial-balance")).body.items;
    await expectBalanced(ledger);
    for (const file of ["household.journal", "bank.csv"]) {
      const [imported] = counts(await runToEnd(environment, ["import", join(samples, file)]));
      expect(imported).toBe(0);
    }
    const after = (await ledger.getCurrent("/trial-balance")).body.items;
    const real = ({ currency }: { currency: string }) => currency !== "NONE";
    expect(after.filter(real)).toEqual(before.filter(real));
    await stopLedger(ledger);
  }, 90_000);

  test("while the ledger runs shows at once what it has imported", async () => {
    const ledger = await serveLedger(environment);
    await writeFile(
      join(folder, "two.csv"),
      [
        header,
        '1;7;930101;"PRIJEM";"VKLAD";1000.50;0;"";;',
        '2;7;930102;"VYDAJ";"VYBER";2000.75;0;"SIPO";AB;1',
        "3;7;930103;VYBER;VYBER;0.25;0;;;",
      ].join("\n"),
    );
    expect(counts(await runToEnd(environment, ["import", "two.csv"]))).toEqual([3, 0, 0]);
    expect((await ledger.getCurrent("/accounts/7")).body).toEqual({
      accountId: "7",
      owner: "account 7",
      currency: "CZK",
      balance: "-1000.50",
      status: "open",
      revision: "3",
    });
    const { items } = (await ledger.getCurrent("/accounts/7/statement")).body;
    expect(items).toMatchObject([
      { at: "1993-01-01T00:00:00.000Z", kind: "deposit", amount: "1000.50", balance: "1000.50" },
      { at: "1993-01-02T00:00:00.000Z", kind: "withdrawal", amount: "2000.75", balance: "-1000.25" },
      { at: "1993-01-03T00:00:00.000Z", kind: "withdrawal", amount: "0.25", balance: "-1000.50" },
    ]);
    await expectBalanced(ledger);
    await stopLedger(ledger);
  }, 60_000);

  test("reports what it cannot take with file and line, imports the rest and ends with status 1", async () => {
    const ledger = await serveLedger(environment);
    await ledger.post("/accounts", { accountId: "8", owner: "Eve", currency: "EUR" });
    await stopLedger(ledger);
    await writeFile(
      join(folder, "bad.csv"),
      [
        header,
        "1;7;930101;PRIJEM;VKLAD;10;0;;;",
        "2;7;930230;PRIJEM;VKLAD;10;0;;;",
        "3;7;930101;DAR;VKLAD;10;0;;;",
        "4;8;930101;PRIJEM;VKLAD;10;0;;;",
        "5;7;930101;PRIJEM;VKLAD;5;0;;;",
      ].join("\n"),
    );
    const output = await runToEnd(environment, ["import", "bad.csv"], 1);
    expect(output).toMatch(/^bad\.csv:3: .*930230/m);
    expect(output).toMatch(/^bad\.csv:4: .*DAR/m);
    expect(output).toMatch(/^bad\.csv:5: .*8 holds EUR, not CZK/m);
    expect(counts(output)).toEqual([2, 0, 3]);

    await writeFile(
      join(folder, "bad.journal"),
      ["2026-01-01 good", "  a  1 EUR", "  b", "", "2026-01-02 off", "  a  1 EUR", "  b  -2 EUR", ""].join(
        "\n",
      ),
    );
    const journal = await runToEnd(environment, ["import", "bad.journal"], 1);
    expect(journal).toMatch(/^bad\.journal:5: .*do not sum to zero/m);
    expect(counts(journal)).toEqual([1, 0, 1]);
  }, 60_000);

  test("by two processes at the same time imports each record once", async () => {
    const path = join(samples, "bank.csv");
    const both = await Promise.all([1, 2].map(() => runToEnd(environment, ["import", path])));
    const [first = [], second = []] = both.map(counts);
    const total = (first[0] ?? 0) + (first[1] ?? 0);
    expect((first[0] ?? 0) + (second[0] ?? 0)).toBe(total);
    expect([first[2], second[2]]).toEqual([0, 0]);
    const ledger = await serveLedger(environment);
    await expectBalanced(ledger);
    await stopLedger(ledger);
  }, 60_000);

  test("tells a program in JSON lines, and a format by name", async () => {
    const path = join(samples, "household.journal");
    const output = await runToEnd(environment, ["import", path, "--format", "journal", "--json"]);
    const lines: Record<string, unknown>[] = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ file: path, format: "journal", alreadyRecorded: 0, problems: 0 });
    const wrong = await runToEnd(environment, ["import", path, "--format", "bank-csv"], 1);
    expect(wrong).toMatch(/household\.journal:1: The first line must be trans_id/);
  }, 60_000);
});

test.runIf(existsSync(sharedJournal))(
  "the shared journal of prices and costs is imported whole, and balances",
  async () => {
    const ledger = await serveLedger(environment);
    const [imported = 0, already, problems] = counts(await runToEnd(environment, ["import", sharedJournal]));
    expect([already, problems]).toEqual([0, 0]);
    expect(imported).toBeGreaterThan(100);
    await expectBalanced(ledger);
    expect(counts(await runToEnd(environment, ["import", sharedJournal]))).toEqual([0, imported, 0]);
    await stopLedger(ledger);
  },
  90_000,
);

describe("a rebuild from the command line", () => {
  test("beside the running ledger and without it leads to the same read model", async () => {
    await runToEnd(environment, ["import", join(samples, "bank.csv")]);
    const ledger = await serveLedger(environment);
    const before = (await ledger.getCurrent("/accounts?limit=1000")).body.items;
    const output = await runToEnd(environment, ["rebuild", "accounts"]);
    expect(output).toMatch(/^accounts version 1 is rebuilt: build 2 serves now\.$/m);
    expect((await ledger.get("/accounts?limit=1000")).body.items).toEqual(expect.arrayContaining(before));
    await stopLedger(ledger);
    for (const projection of ["statement", "trial-balance"]) {
      expect(await runToEnd(environment, ["rebuild", projection])).toContain("build 2 serves now");
    }
    const unknown = await runToEnd(environment, ["rebuild", "nothing"], 1);
    expect(unknown).toContain("Allowed choices are accounts, statement, trial-balance.");
    const again = await serveLedger(environment);
    await expectBalanced(again);
    await stopLedger(again);
  }, 90_000);
});
