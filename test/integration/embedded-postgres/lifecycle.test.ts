import { readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { makeServerFolder, readServerPid } from "../../support/server-folder.ts";

async function query<Row extends pg.QueryResultRow>(connectionString: string, sql: string): Promise<Row[]> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    return (await pool.query<Row>(sql)).rows;
  } finally {
    await pool.end();
  }
}

describe("startEmbeddedPostgres", () => {
  test("makes a durable server that only this machine and the password's owner reach", async () => {
    const dataDir = await makeServerFolder();
    await using server = await startEmbeddedPostgres({ dataDir });
    const settings = await query(
      server.connectionString(),
      `select current_setting('fsync') fsync, current_setting('synchronous_commit') synchronous_commit,
         current_setting('full_page_writes') full_page_writes, current_setting('listen_addresses') listen_addresses,
         current_setting('unix_socket_directories') sockets, current_setting('server_encoding') encoding,
         current_setting('timezone') timezone`,
    );
    expect(settings).toEqual([
      {
        fsync: "on",
        synchronous_commit: "on",
        full_page_writes: "on",
        listen_addresses: "127.0.0.1",
        sockets: "",
        encoding: "UTF8",
        timezone: "UTC",
      },
    ]);
    expect((await stat(join(dataDir, "password"))).mode & 0o777).toBe(0o600);
    const wrong = new URL(server.connectionString());
    wrong.password = "guess";
    await expect(query(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  test("finds the data and the port again", async () => {
    const dataDir = await makeServerFolder();
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    const url = await first.ensureDatabase("ledger");
    await query(url, "create table item as select 7::bigint id");
    await first.close();
    expect(await readServerPid(dataDir)).toBeUndefined();

    await using second = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(second.port).toBe(first.port);
    expect(await query(await second.ensureDatabase("ledger"), "select id from item")).toEqual([{ id: 7n }]);
  });

  test("callers that create the same database at the same time all get it", async () => {
    await using server = await startEmbeddedPostgres({ dataDir: await makeServerFolder(), durable: false });
    const urls = await Promise.all(Array.from({ length: 5 }, () => server.ensureDatabase('odd "name" é')));
    expect(new Set(urls).size).toBe(1);
    expect(await query(urls[0] ?? "", "select current_database() as name")).toEqual([
      { name: 'odd "name" é' },
    ]);
  });

  test("a second user in the process joins the server, and the last one stops it", async () => {
    const dataDir = await makeServerFolder();
    const [first, second] = await Promise.all([
      startEmbeddedPostgres({ dataDir, durable: false }),
      startEmbeddedPostgres({ dataDir, durable: false }),
    ]);
    expect(second.port).toBe(first.port);
    expect([first, second].filter((server) => server.owned)).toHaveLength(1);
    await first.close();
    await first.close();
    expect(await query(second.connectionString(), "select 1 as one")).toEqual([{ one: 1 }]);
    await second.close();
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("close leaves a server alone that other programs are connected to", async () => {
    const dataDir = await makeServerFolder();
    const server = await startEmbeddedPostgres({ dataDir, durable: false });
    const visitor = new pg.Client({ connectionString: server.connectionString() });
    await visitor.connect();
    await server.close();
    expect((await visitor.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await visitor.end();

    const next = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(next).toMatchObject({ port: server.port, owned: true });
    await next.close();
    expect(await readServerPid(dataDir)).toBeUndefined();
  });

  test("a start that was killed while it made the folder leaves no trace", async () => {
    const dataDir = await makeServerFolder();
    await writeFile(join(dataDir, "data.draft-1"), "");
    await writeFile(join(dataDir, "data.draft-1.password"), "");
    await using _server = await startEmbeddedPostgres({ dataDir, durable: false });
    expect((await readdir(dataDir)).filter((name) => name.includes("draft"))).toEqual([]);
  });

  test.each(["Making a PostgreSQL data folder", "Starting PostgreSQL"])(
    "the signal gives up the start and leaves no server: %s",
    async (moment) => {
      const dataDir = await makeServerFolder();
      const controller = new AbortController();
      const abort = (_fields: object, message: string) => {
        if (message === moment) controller.abort(new Error("stopped"));
      };
      const logger = { debug: abort, info: abort, warn: abort, error: abort };
      const { signal } = controller;
      await expect(startEmbeddedPostgres({ dataDir, durable: false, logger, signal })).rejects.toThrow(
        "stopped",
      );
      expect(await readServerPid(dataDir)).toBeUndefined();
      await using server = await startEmbeddedPostgres({ dataDir, durable: false });
      expect(server.owned).toBe(true);
    },
  );

  test("a folder of another major version is refused", async () => {
    const dataDir = await makeServerFolder();
    const server = await startEmbeddedPostgres({ dataDir, durable: false });
    await server.close();
    await writeFile(join(dataDir, "data", "PG_VERSION"), "17\n");
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: "PG_DATA_VERSION_MISMATCH",
      message: expect.stringMatching(
        /was written by PostgreSQL 17, the installed one is 18: start with another/,
      ),
    });
  });

  test("a given port that is in use is refused", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const address = holder.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    try {
      await expect(startEmbeddedPostgres({ dataDir: await makeServerFolder(), port })).rejects.toMatchObject({
        code: "PG_PORT_IN_USE",
        message: expect.stringContaining(
          `port ${port}, which the embedded PostgreSQL should listen on, is in use`,
        ),
      });
    } finally {
      holder.close();
    }
  });

  test("a data folder that is a file is refused", async () => {
    const dataDir = join(await makeServerFolder(), "file");
    await writeFile(dataDir, "");
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: "PG_FOLDER_NOT_ACCESSIBLE",
    });
  });

  test("settings that PostgreSQL refuses end in its own words", async () => {
    const starting = startEmbeddedPostgres({
      dataDir: await makeServerFolder(),
      settings: { shared_buffers: "much" },
    });
    await expect(starting).rejects.toMatchObject({
      code: "PG_START_FAILED",
      message: expect.stringMatching(/shared_buffers/),
    });
  });
});
