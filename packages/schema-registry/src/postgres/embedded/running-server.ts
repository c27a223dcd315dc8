import { realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { PostgresError } from "../postgres-error.ts";
import { superuser, type DataFolder } from "./data-folder.ts";
import { countOrphans, isServerAlive, readPostmaster, type Postmaster } from "./postmaster.ts";

const readyTimeoutMs = 300_000;
const orphansTimeoutMs = 10_000;
const pollMs = 50;

/**
 * Finds the server that runs on the folder, for instance one that outlived its application, and waits until it
 * answers. When the server died, its pid file is removed so that the next one starts and recovers.
 *
 * @returns the server's port, or `died` or `stopped`.
 */
export async function findRunningServer(
  folder: DataFolder,
  password: string,
  signal?: AbortSignal,
): Promise<number | "died" | "stopped"> {
  const postmaster = await readPostmaster(folder.data);
  if (postmaster === undefined) return "stopped";
  const port = await waitUntilReady(folder, password, postmaster, signal);
  if (port !== undefined) return port;
  if ((await readPostmaster(folder.data)) === undefined) return "stopped";
  await removePidFile(folder, postmaster);
  return "died";
}

async function waitUntilReady(
  folder: DataFolder,
  password: string,
  postmaster: Postmaster,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const deadline = Date.now() + readyTimeoutMs;
  let reason: unknown;
  while (await isServerAlive(postmaster, folder.data)) {
    const current = (await readPostmaster(folder.data)) ?? postmaster;
    if (current.status === "ready") {
      try {
        const served = await readDataDirectory(current.port, password);
        if ((await realpath(served)) === (await realpath(folder.data))) return current.port;
        reason = new Error(`port ${current.port} is served from ${served}`);
      } catch (error) {
        reason = error;
        if (isWrongPassword(error)) break;
      }
    }
    if (Date.now() > deadline) break;
    await delay(pollMs, undefined, signal === undefined ? {} : { signal });
  }
  if (!(await isServerAlive(postmaster, folder.data))) return undefined;
  const sentence = isWrongPassword(reason)
    ? `the PostgreSQL of ${folder.root} refuses the password in ${folder.password}: restore that file`
    : `the PostgreSQL of ${folder.root} (process ${postmaster.pid}) does not answer: see ${folder.log}, or end that process`;
  throw new PostgresError("PG_START_FAILED", sentence, { cause: reason });
}

/** The rows of one statement that the superuser runs in the database `postgres`. */
export async function askServer<Row extends pg.QueryResultRow>(
  port: number,
  password: string,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: superuser,
    password,
    database: "postgres",
    application_name: "tidemark",
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end();
  }
}

async function readDataDirectory(port: number, password: string): Promise<string> {
  const rows = await askServer<{ data_directory: string }>(port, password, "show data_directory");
  return rows[0]?.data_directory ?? "";
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "28P01";
}

async function removePidFile(folder: DataFolder, postmaster: Postmaster): Promise<void> {
  const deadline = Date.now() + orphansTimeoutMs;
  while ((await countOrphans(postmaster)) > 0) {
    if (Date.now() > deadline) {
      throw new PostgresError(
        "PG_START_FAILED",
        `processes of a PostgreSQL that died (process ${postmaster.pid}) still use ${folder.data}: end them and start again`,
      );
    }
    await delay(pollMs);
  }
  await rm(join(folder.data, "postmaster.pid"), { force: true });
}
