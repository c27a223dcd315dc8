import { createPool } from "@tidemark/schema-registry/postgres";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { moved, sums } from "../../support/sums.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { ledgerApplication, ledgerFolder, runTidemark, sumsApplication, tidemark } from "./run-tidemark.ts";

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

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runTidemark([...args, "--app", sumsApplication], {
    env: { DATABASE_URL: database.connectionString, ...env },
  });
}

async function json(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await run([...args, "--json"], env);
  expect(stderr).toBe("");
  return { code, value: JSON.parse(stdout) as unknown };
}

// Each line is a process that starts and ends.
describe("tidemark projections", { timeout: 90_000 }, () => {
  test("plans, rebuilds in its own process, shows, verifies, rolls back and confirms", async () => {
    await bank.append(history);
    expect(await json(["projections", "plan"])).toMatchObject({
      code: 0,
      value: [{ projection: "sums", action: "build", activeVersion: null, estimatedEvents: "4" }],
    });
    const first = await run(["projections", "rebuild", "sums"]);
    expect(first).toEqual({ code: 0, stdout: "sums version 1: build 1 serves now.\n", stderr: "" });
    expect(await json(["projections", "rebuild", "sums", "--rate", "1000"])).toEqual({
      code: 0,
      value: { projection: "sums", version: 1, build: 2, schema: "tidemark_sums_v1_b2" },
    });
    const { stdout } = await run(["projections", "status"]);
    expect(stdout.split("\n").map((line) => line.split(/\s{2,}/).slice(0, 7))).toEqual([
      ["PROJECTION", "VERSION", "BUILD", "STATE", "EVENTS", "LAG", "PARKED"],
      ["sums", "1", "2", "active", "4", "0", "0"],
      ["sums", "1", "1", "retired", "4", "0", "0"],
      [""],
    ]);
    expect((await run(["projections", "verify", "sums"])).stdout).toBe(
      "sums build 2: 4 rows compared at position 4, 0 differ\n",
    );

    await bank.append([moved("d", 7n, "a")]);
    expect((await run(["projections", "rollback", "sums"])).stdout).toContain("build 1 serves now");
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    await pool.query("update tidemark_sums_v1_b1.sums set cents = 0 where account_id = 'a'");
    await pool.end();
    const found = await json(["projections", "verify", "sums"]);
    expect(found).toMatchObject({
      code: 1,
      value: {
        differing: "1",
        differences: [{ key: { account_id: "a" }, column: "cents", live: "0", recomputed: "-9" }],
      },
    });
    const dropped = await run(["projections", "confirm", "sums"]);
    expect(dropped.stdout).toBe("Dropped: build 2 of version 1.\n");
    expect((await run(["projections", "cancel", "sums"])).stdout).toBe("Nothing of sums is under way.\n");
    expect(await run(["projections", "rollback", "sums"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no earlier build is kept"),
    });
  });

  test("says why a complete rebuild waits, and does what it is told then", async () => {
    await bank.append(history);
    await run(["projections", "rebuild", "sums"]);
    const waiting = await run(["projections", "rebuild", "sums"], { SUMS_BROKEN: "1" });
    expect(waiting.code).toBe(1);
    expect(waiting.stderr).toContain("1 of its sequences are parked, so the one before goes on serving");
    expect(waiting.stderr).toContain(
      "rebuild again and let it serve with them (activateWithParked, --activate",
    );
    const status = await run(["projections", "status"]);
    expect(status.stdout).toContain("complete, waits");
    expect(status.stdout).toContain("tidemark projections rebuild sums --activate-with-parked");
    const told = await run(["projections", "rebuild", "sums", "--activate-with-parked"], {
      SUMS_BROKEN: "1",
    });
    expect(told.stdout).toBe("sums version 1: build 2 serves now.\n");

    // Back, and forward again to the one with parked sequences.
    await run(["projections", "rollback", "sums"]);
    const back = await run(["projections", "rollback", "sums"], { SUMS_BROKEN: "1" });
    expect(back).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("roll back again and let it serve"),
    });
    expect((await run(["projections", "status"])).stdout).toContain(
      "tidemark projections rollback sums --activate-with-parked",
    );
    const forward = await run(["projections", "rollback", "sums", "--activate-with-parked"], {
      SUMS_BROKEN: "1",
    });
    expect(forward.stdout).toBe("sums version 1: build 2 serves now.\n");
  });

  test("that only look make nothing", async () => {
    const looked = await run(["projections", "status", "--schema", "mistyped"]);
    expect(looked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^The schema mistyped of .* holds no tables of Tidemark: name the right one/,
      ),
    });
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    const { rows } = await pool.query("select from pg_namespace where nspname = 'mistyped'");
    await pool.end();
    expect(rows).toEqual([]);
  });

  test("leaves a rebuild that Ctrl-C ends for the next one", async () => {
    await bank.append(Array.from({ length: 300 }, (_, index) => moved(`a${index}`, 1n, "b")));
    const rebuild = spawnNode(
      tidemark,
      ["projections", "rebuild", "sums", "--rate", "20", "--app", sumsApplication],
      { env: { PATH: process.env["PATH"], DATABASE_URL: database.connectionString } },
    );
    const supervisor = bank.supervisor([sums(new Set())]);
    await waitFor(async () => ((await supervisor.status())[0]?.builds[0]?.progress.events ?? 0n) > 5n);
    rebuild.kill("SIGINT");
    expect(await rebuild.exit).toMatchObject({ code: 130 });
    expect(rebuild.output).toContain("Interrupted.");
    const [left] = (await supervisor.status())[0]?.builds ?? [];
    expect(left).toMatchObject({ build: { status: "building" }, holders: [] });
    expect((await run(["projections", "rebuild", "sums", "--rate", "100000"])).stdout).toBe(
      "sums version 1: build 1 serves now.\n",
    );
  });

  test("splits and merges partitions", async () => {
    await run(["projections", "rebuild", "sums"]);
    const split = await json(["projections", "split", "sums", "0"]);
    expect(split).toMatchObject({
      code: 0,
      value: [
        { number: 0, from: 0 },
        { number: 1, to: 65_535 },
      ],
    });
    const merge = await run(["projections", "merge", "sums", "0", "1"]);
    expect(merge.stdout).toContain("merges with");
    const wrong = await run(["projections", "split", "sums", "x"]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("It takes a whole number.") });
  });

  test("of the ledger: found by its package.json, over the database that it is given", async () => {
    const env = { DATABASE_URL: database.connectionString };
    const plan = await runTidemark(["projections", "plan"], { cwd: ledgerFolder, env });
    expect(plan).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["accounts", "statement", "trial-balance"]) {
      expect(plan.stdout).toContain(name);
      const rebuilt = await runTidemark([
        "--app",
        ledgerApplication,
        "--database",
        database.connectionString,
        "projections",
        "rebuild",
        name,
      ]);
      expect(rebuilt.stdout).toBe(`${name} version 1: build 1 serves now.\n`);
    }
  });

  test("says what is missing instead of making something new", async () => {
    const nothing = await runTidemark(["projections", "status"]);
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining("No application is named") });
    const folder = join(inject("testRun").folder, "no-such-data");
    const noDatabase = await runTidemark([
      "projections",
      "status",
      "--app",
      sumsApplication,
      "--data-dir",
      folder,
    ]);
    expect(noDatabase).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("holds no embedded PostgreSQL"),
    });
    const unknown = await run(["projections", "rebuild", "summs"]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("no projection summs") });
    expect(await run(["projections", "rebuild"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("missing required argument 'name'"),
    });
    expect(await runTidemark(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });
});
