import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeServerFolder } from "../../support/server-folder.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { runToEnd, type LedgerEnvironment } from "./ledger-process.ts";

/** The command must end with status 1 and say one thing, in one line, without a stack. */
async function complaint(environment: LedgerEnvironment, args: readonly string[] = []): Promise<string> {
  const output = (await runToEnd(environment, args, 1)).trimEnd();
  expect(output.split("\n"), output).toHaveLength(1);
  expect(output).toMatch(/\.$/);
  return output;
}

describe("a start that cannot succeed says in one sentence what to do", () => {
  test.each(["LEDGER_PORT", "REGISTRY_PORT"] as const)("%s is taken", async (variable) => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => {
        const address = taken.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const dataDir = await makeServerFolder();
    try {
      const message = await complaint({ LEDGER_DATA_DIR: dataDir, [variable]: String(port) });
      expect(message).toContain(`Port ${port} is in use`);
      expect(message).toContain(`${variable}=`);
      expect(await readdir(dataDir)).toEqual([]);
    } finally {
      taken.close();
    }
  });

  test.each<[string, LedgerEnvironment, RegExp]>([
    ["a port that is none", { LEDGER_PORT: "80000" }, /LEDGER_PORT must be 0 .* to 65535/],
    ["one port for both", { LEDGER_PORT: "4999", REGISTRY_PORT: "4999" }, /LEDGER_PORT must be another port/],
    [
      "a database of another kind",
      { DATABASE_URL: "mysql://x/y" },
      /DATABASE_URL must start with postgresql/,
    ],
    [
      "nobody at the database's port",
      { DATABASE_URL: "postgresql://u:secret@127.0.0.1:1/x" },
      /127\.0\.0\.1:1|port 1/,
    ],
    [
      "nobody at KurrentDB's port",
      { EVENT_STORE: "kurrentdb://admin:secret@127.0.0.1:1?tls=false" },
      /^The KurrentDB at kurrentdb:\/\/127\.0\.0\.1:1 cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1\): start it/,
    ],
    [
      "nobody in a cluster of KurrentDB",
      { EVENT_STORE: "esdb+discover://admin:secret@127.0.0.1:1?maxDiscoverAttempts=2&discoveryInterval=10" },
      /^The KurrentDB at esdb\+discover:\/\/127\.0\.0\.1:1 cannot be reached/,
    ],
    [
      "an event store of another kind",
      { EVENT_STORE: "mongodb://admin:secret@127.0.0.1" },
      /EVENT_STORE must be like kurrentdb:/,
    ],
    ["no such host", { DATABASE_URL: "postgresql://u:secret@nowhere.invalid/x" }, /nowhere\.invalid/],
  ])("%s", async (_, environment, message) => {
    const dataDir = await makeServerFolder();
    const said = await complaint({ LEDGER_DATA_DIR: dataDir, ...environment });
    expect(said).toMatch(message);
    expect(said).not.toContain("secret");
    expect(await readdir(dataDir)).toEqual([]);
  });

  test("a database that does not exist, and a wrong password", async () => {
    const database = await createTestDatabase();
    try {
      const url = new URL(database.connectionString);
      url.pathname = "/not_there";
      expect(await complaint({ DATABASE_URL: url.href })).toContain("not_there");
      url.pathname = `/${database.name}`;
      url.password = "wrong-password";
      expect(await complaint({ DATABASE_URL: url.href })).not.toContain("wrong-password");
    } finally {
      await database.drop();
    }
  });

  test("a data folder of another PostgreSQL version", async () => {
    const dataDir = await makeServerFolder();
    await mkdir(join(dataDir, "postgres", "data"), { recursive: true });
    await writeFile(join(dataDir, "postgres", "data", "PG_VERSION"), "15\n");
    expect(await complaint({ LEDGER_DATA_DIR: dataDir })).toMatch(/15.*18|18.*15/);
  });

  test("a data folder that is a file", async () => {
    const dataDir = await makeServerFolder();
    const file = join(dataDir, "file");
    await writeFile(file, "");
    expect(await complaint({ LEDGER_DATA_DIR: file })).toContain(file);
  });
});

describe("an import that cannot begin says why, before any database is started", () => {
  test.each<[string, string, RegExp]>([
    ["a file that is absent", "absent.csv", /absent\.csv does not exist/],
    ["a folder", ".", /is a folder/],
    ["an empty file", "empty.csv", /empty\.csv is empty/],
    ["a file of another format", "letter.txt", /neither a bank CSV .* nor a journal/],
  ])("%s", async (_, file, message) => {
    const folder = await makeServerFolder();
    await writeFile(join(folder, "empty.csv"), "");
    await writeFile(join(folder, "letter.txt"), "Dear Ada,\n");
    const dataDir = join(folder, "data");
    expect(await complaint({ LEDGER_DATA_DIR: dataDir, INIT_CWD: folder }, ["import", file])).toMatch(
      message,
    );
    expect(await readdir(folder)).not.toContain("data");
  });

  test("a command that does not exist, or lacks its argument, shows how to get help", async () => {
    for (const args of [["improt", "x"], ["import"], ["import", "x", "--format", "xml"], ["rebuild"]]) {
      expect(await runToEnd({ LEDGER_DATA_DIR: "/nowhere" }, args, 1)).toContain("--help");
    }
  });
});
