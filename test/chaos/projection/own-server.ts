import { startEmbeddedPostgres, type EmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import { execFile } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { makeServerFolder, readServerPid } from "../../support/server-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

const execute = promisify(execFile);

/** A PostgreSQL of a test's own, which it may kill, start again and put back to what its files were. */
export class OwnServer implements AsyncDisposable {
  /** Of a database with the framework's tables. */
  readonly connectionString: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #started: EmbeddedPostgres[];

  private constructor(folder: string, server: EmbeddedPostgres, connectionString: string) {
    this.#folder = folder;
    this.#port = server.port;
    this.#started = [server];
    this.connectionString = connectionString;
  }

  static async start(): Promise<OwnServer> {
    const folder = await makeServerFolder();
    const server = await startEmbeddedPostgres({ dataDir: folder });
    const connectionString = await server.ensureDatabase("scene");
    await eventStoreTemplate.create(connectionString);
    return new OwnServer(folder, server, connectionString);
  }

  /** Ends the server and all of its processes at once, as a power cut does to what is in memory. */
  async kill(): Promise<void> {
    const pid = await waitFor(() => readServerPid(this.#folder));
    for (const each of [pid, ...(await childrenOf(pid))]) kill(each);
    await waitFor(async () => (await childrenOf(pid)).length === 0 && !(await isRunning(pid)));
  }

  async startAgain(): Promise<void> {
    this.#started.push(await startEmbeddedPostgres({ dataDir: this.#folder, port: this.#port }));
  }

  /** Copies the files of a server that was killed. Put back, they are an older state of everything. */
  async backUp(): Promise<void> {
    await copy(join(this.#folder, "data"), join(this.#folder, "backup"));
  }

  /** Puts the copy in the place of the files of a server that was killed. */
  async restore(): Promise<void> {
    await rm(join(this.#folder, "data"), { recursive: true });
    await copy(join(this.#folder, "backup"), join(this.#folder, "data"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#started) await server.close();
  }
}

/** With owners, modes and links. */
async function copy(from: string, to: string): Promise<void> {
  await execute("cp", ["-a", from, to]);
}

async function childrenOf(parent: number): Promise<number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) =>
      (await statusOf(name)).includes(`\nPPid:\t${parent}\n`) ? Number(name) : null,
    ),
  );
  return found.filter((pid) => pid !== null);
}

/** Whether it has not ended; nobody may ever ask a process that has how it did. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await statusOf(String(pid));
  return status !== "" && !status.includes("\nState:\tZ");
}

async function statusOf(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}
