import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { moved } from "../../support/sums.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { runTidemark, sumsApplication } from "./run-tidemark.ts";

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

const broken = { SUMS_BROKEN: "1" };

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runTidemark([...args, "--app", sumsApplication], {
    env: { DATABASE_URL: database.connectionString, ...env },
  });
}

async function json(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await run([...args, "--json"], env);
  return { code, value: JSON.parse(stdout) as unknown };
}

// Each line is a process that starts and ends.
describe("tidemark dead-letters", { timeout: 90_000 }, () => {
  test("lists, shows, retries in its own process and discards", async () => {
    await bank.append([moved("a", 1n, "b"), moved("a", 13n, "b"), moved("a", 2n, "b")]);
    await run(["projections", "rebuild", "sums"], broken);
    expect(await json(["dead-letters", "list"])).toMatchObject({
      code: 0,
      value: [{ name: "sums", sequence: "key:b", events: "2", firstPosition: "2" }],
    });
    const shown = await run(["dead-letters", "show", "sums", "key:b"]);
    expect(shown.stdout).toContain("b cannot take 13");
    expect(shown.stdout).toContain('{ "cents": "13", "to": "b" }');

    const failed = await run(["dead-letters", "retry", "sums", "key:b"], broken);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("key:b: failed: ");
    expect(await json(["dead-letters", "retry-all", "sums"])).toEqual({
      code: 0,
      value: [{ sequence: "key:b", status: "restored", error: null }],
    });
    expect((await run(["dead-letters", "list", "sums"])).stdout).toBe("Nothing is parked.\n");
    expect((await run(["projections", "verify", "sums"])).code).toBe(0);

    await bank.append([moved("a", 13n, "b")]);
    await run(["projections", "rebuild", "sums", "--activate-with-parked"], broken);
    const refused = await run(["dead-letters", "discard", "sums", "key:b"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--reason") });
    const discarded = await run(
      ["dead-letters", "discard", "sums", "key:b"].concat(["--reason", "a test", "--by", "someone"]),
    );
    expect(discarded).toMatchObject({ code: 0, stdout: "key:b: discarded\n" });
    const letter = { name: "sums", sequence: "key:b", discardedBy: "someone", reason: "a test" };
    const given = await json(["dead-letters", "discarded", "sums"]);
    expect(given).toMatchObject({ code: 0, value: [letter, letter, letter] });
    const listed = await run(["dead-letters", "discarded"]);
    expect(listed.stdout).toMatch(/sums +key:b +4 +\S+ +someone +a test +b cannot take 13/);
    const gone = await run(["dead-letters", "retry", "sums", "key:b"]);
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining("list them") });
  });
});

describe("tidemark subscriptions", () => {
  test("shows them and goes back in the log", async () => {
    const last = await bank.append([moved("a", 1n, "b"), moved("c", 5n, "d")]);
    const replayed = await json(["subscriptions", "replay", "notices", "--position", "0"]);
    expect(replayed).toMatchObject({ code: 0, value: { subscription: "notices", position: "0" } });
    expect(await json(["subscriptions", "status"])).toMatchObject({
      code: 0,
      value: [{ name: "notices", lag: String(last), holders: [] }],
    });
    const nowhere = await run(["subscriptions", "replay", "notices"]);
    expect(nowhere).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("either --position or --time"),
    });
    const noZone = await run(["subscriptions", "replay", "notices", "--time", "2026-03-01"]);
    expect(noZone).toMatchObject({ code: 2, stderr: expect.stringContaining("with its zone") });
  });
});

test("splits and merges the partitions of a subscription", { timeout: 30_000 }, async () => {
  await bank.append([moved("a", 1n, "b")]);
  const split = await json(["subscriptions", "split", "notices", "0"]);
  expect(split).toMatchObject({
    code: 0,
    value: [
      { number: 0, from: 0 },
      { number: 1, to: 65_535 },
    ],
  });
  const merged = await run(["subscriptions", "merge", "notices", "0", "1"]);
  expect(merged.stdout).toContain("merges with");
  const unknown = await run(["subscriptions", "split", "notice", "0"]);
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("it has notices") });
});

describe("tidemark log", () => {
  test.each(["jsonl", "avro"])("exports and imports %s", async (format) => {
    await bank.append([moved("a", 1n, "b"), moved("c", 5n, "d"), moved("a", 2n, "b")]);
    const file = join(inject("testRun").folder, `export-${format}-${process.pid}.${format}`);
    const exported = await json(["log", "export", file]);
    expect(exported).toEqual({ code: 0, value: { file, events: "3", scannedTo: "3" } });
    const target = await createTestDatabase({ template: eventStoreTemplate });
    try {
      const into = ["log", "import", file, "--database", target.connectionString];
      expect((await json(into)).value).toEqual({ file, appended: "3", present: "0", skipped: "0" });
      expect((await json(into)).value).toEqual({ file, appended: "0", present: "3", skipped: "0" });
    } finally {
      await target.drop();
    }
    if (format === "avro") return;
    const piped = await run(["log", "export", "--after", "2"]);
    expect(piped.stdout.split("\n")).toHaveLength(5);
    expect((await readFile(file, "utf8")).split("\n")).toHaveLength(7);
  });

  test("leaves the file that was there when an export fails, and nothing beside it", async () => {
    await bank.append([moved("a", 1n, "b")]);
    const folder = await mkdtemp(join(inject("testRun").folder, "export-"));
    const file = join(folder, "log.jsonl");
    expect((await run(["log", "export", file])).code).toBe(0);
    const good = await readFile(file, "utf8");
    const mask = join(folder, "mask.mjs");
    await writeFile(mask, "export default () => { throw new Error('no such owner'); };");
    const failed = await run(["log", "export", file, "--mask", mask]);
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/position 1 .*no such owner/) });
    expect(failed.stderr).not.toContain("    at ");
    expect(await readFile(file, "utf8")).toBe(good);
    expect((await readdir(folder)).toSorted()).toEqual(["log.jsonl", "mask.mjs"]);
    const notThere = await run(["log", "export", join(folder, "no", "such", "file")]);
    expect(notThere).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("there is no such file or folder"),
    });
    const noInput = await run(["log", "import", join(folder, "nothing.jsonl")]);
    expect(noInput).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing.jsonl cannot be read: there is no"),
    });
    const wrongMask = await run(["log", "export", "--mask", join(folder, "log.jsonl")]);
    expect(wrongMask.code).toBe(2);
  });

  test("says that nothing matched, and which event type was meant", async () => {
    await bank.append([moved("a", 1n, "b")]);
    const meant = await run(["log", "export", "--types", "Moved"]);
    expect(meant).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean bank.Moved?") });
    const nothing = await run(["log", "export", "--categories", "nothing"]);
    expect(nothing).toMatchObject({ code: 0, stderr: "Nothing matched: the export holds no event.\n" });
    const beyond = await json(["log", "export", "--after", "7"]).catch(() => null);
    expect(beyond).toBeNull();
    const asJson = await run(["log", "export", "--after", "7", "--json"]);
    expect(JSON.parse(asJson.stderr)).toMatchObject({
      error: { code: "validation-failed", errors: [{ field: "after" }] },
    });
  });
});
