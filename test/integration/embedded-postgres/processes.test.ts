import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeServerFolder, readServerPid } from "../../support/server-folder.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { makeZombie } from "../../support/zombie.ts";

const program = fileURLToPath(new URL("server-process.js", import.meta.url));
const readyLine = z.object({ port: z.number(), owned: z.boolean(), url: z.string() });

async function ready(process: SpawnedProcess): Promise<z.infer<typeof readyLine>> {
  const [, text = ""] = await process.waitForLine(/^ready (.*)$/);
  return readyLine.parse(JSON.parse(text));
}

async function withClient<T>(url: string, action: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

async function kill(process: SpawnedProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.exit;
}

async function leave(process: SpawnedProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  process.kill(signal);
  expect(await process.exit, process.output).toEqual({ code: 0, signal: null });
  expect(process.output).toContain("closed");
}

async function killServer(dataDir: string): Promise<void> {
  const pid = await readServerPid(dataDir);
  if (pid === undefined) throw new Error("no server is registered");
  process.kill(pid, "SIGKILL");
}

describe("processes that share a server", () => {
  test("the server outlives a killed application, and the next one adopts and stops it", async () => {
    const dataDir = await makeServerFolder();
    const killed = spawnNode(program, [dataDir]);
    const first = await ready(killed);
    const serverPid = await readServerPid(dataDir);
    await withClient(first.url, (client) => client.query("create table item as select 7 as id"));
    await kill(killed);

    const next = spawnNode(program, [dataDir]);
    expect(await ready(next)).toEqual({ ...first, owned: true });
    expect(await readServerPid(dataDir)).toBe(serverPid);
    const { rows } = await withClient(first.url, (client) => client.query("select id from item"));
    expect(rows).toEqual([{ id: 7 }]);
    await leave(next);
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("a server that was killed too recovers at the next start", async () => {
    const dataDir = await makeServerFolder();
    const killed = spawnNode(program, [dataDir, "--durable"]);
    const { url } = await ready(killed);
    await withClient(url, (client) => client.query("create table item as select 7 as id"));
    await kill(killed);
    await killServer(dataDir);

    await using server = await startEmbeddedPostgres({ dataDir });
    const { rows } = await withClient(server.connectionString(), (client) =>
      client.query("select id from item"),
    );
    expect(rows).toEqual([{ id: 7 }]);
  });

  test.runIf(process.platform === "linux")(
    "a pid file of a zombie, or of another program, is no server",
    async () => {
      const dataDir = await makeServerFolder();
      const zombie = await makeZombie();
      try {
        for (const pid of [zombie.pid, process.pid]) {
          const killed = spawnNode(program, [dataDir]);
          await ready(killed);
          await kill(killed);
          await killServer(dataDir);
          const pidFile = join(dataDir, "data", "postmaster.pid");
          const text = await readFile(pidFile, "utf8");
          await writeFile(pidFile, text.replace(/^\d+/, String(pid)));

          const server = await startEmbeddedPostgres({ dataDir, durable: false });
          expect(server.owned).toBe(true);
          await server.close();
        }
      } finally {
        zombie.reap();
      }
    },
  );

  test("starts at the same moment end with one server and one owner", async () => {
    const dataDir = await makeServerFolder();
    const processes = Array.from({ length: 4 }, () => spawnNode(program, [dataDir]));
    const answers = await Promise.all(processes.map(ready));
    expect(new Set(answers.map((answer) => answer.port)).size).toBe(1);
    expect(answers.filter((answer) => answer.owned)).toHaveLength(1);
    await Promise.all(processes.map((process) => leave(process)));
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("an owner that leaves hands the server over to the one that stays", async () => {
    const dataDir = await makeServerFolder();
    const owner = spawnNode(program, [dataDir]);
    const { port } = await ready(owner);
    const guest = spawnNode(program, [dataDir]);
    const joined = await ready(guest);
    expect(joined).toMatchObject({ port, owned: false });
    await leave(owner);
    await withClient(joined.url, (client) => client.query("select 1"));
    await leave(guest);
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("Ctrl-C reaches the application's process group and not the server, until the application has drained", async () => {
    const dataDir = await makeServerFolder();
    const application = spawnNode(program, [dataDir], { detached: true });
    await ready(application);
    process.kill(-application.pid, "SIGINT");
    expect(await application.exit, application.output).toEqual({ code: 0, signal: null });
    expect(application.output).toMatch(/drained after SIGINT\nclosed/);
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("a joined server keeps no process from ending", async () => {
    const dataDir = await makeServerFolder();
    const application = spawnNode(program, [dataDir, "--leave-at-once"]);
    const { url } = await ready(application);
    expect(await application.exit, application.output).toEqual({ code: 0, signal: null });
    await withClient(url, (client) => client.query("select 1"));
  });

  test("a lock whose holder was killed stops nobody", async () => {
    const dataDir = await makeServerFolder();
    const dead = spawnNode(program, [dataDir]);
    await dead.waitForLine(/^ready/);
    await kill(dead);
    await writeFile(join(dataDir, "lock.900"), JSON.stringify({ pid: dead.pid, startedAt: "long ago" }));
    await using server = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(server.owned).toBe(true);
  });
});
