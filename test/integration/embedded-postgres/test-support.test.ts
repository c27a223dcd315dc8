import { spawn } from "node:child_process";
import { mkdir, mkdtemp, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import { describe, expect, test } from "vitest";
import { removeStaleRunFolders } from "../../support/run-folders.ts";
import { readServerPid } from "../../support/server-folder.ts";
import { createTestDatabase, type DatabaseTemplate } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const itemTemplate: DatabaseTemplate = {
  name: "support_item",
  create: async (connectionString) => {
    const pool = createPool({ connectionString, max: 1 });
    await pool.query("create table item as select 7 as id");
    await pool.end();
  },
};

describe("the test set-up", () => {
  test("clones of a template are filled once and independent of each other", async () => {
    const databases = await Promise.all(
      Array.from({ length: 4 }, () => createTestDatabase({ template: itemTemplate })),
    );
    for (const { connectionString, drop } of databases) {
      const pool = createPool({ connectionString, max: 1 });
      expect((await pool.query("delete from item returning id")).rows).toEqual([{ id: 7 }]);
      await pool.end();
      await drop();
    }
  });

  test("a connection that a test leaves open fails it", async () => {
    const database = await createTestDatabase();
    const pool = createPool({ connectionString: database.connectionString, applicationName: "leaking" });
    await pool.query("select 'left open'");
    await expect(database.drop()).rejects.toThrow(/left 1 connections .*\nleaking: select 'left open'/);
    await pool.end();
  });

  test("removes folder and server of a run that was killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
    const dataDir = join(folder, "deep", "server");
    await mkdir(dataDir, { recursive: true });
    await startEmbeddedPostgres({ dataDir, durable: false });
    const serverPid = (await readServerPid(dataDir)) ?? 0;
    const killed = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await writeFile(join(folder, "pid"), String(killed.pid));
    await removeStaleRunFolders();
    expect((await stat(folder)).isDirectory()).toBe(true);

    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("exit", resolve));
    await removeStaleRunFolders();
    await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
    await waitFor(() => !answers(serverPid));
  });
});

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
