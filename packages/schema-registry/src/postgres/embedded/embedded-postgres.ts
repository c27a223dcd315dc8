import { access, constants, mkdir, realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../logger.ts";
import { PostgresError } from "../postgres-error.ts";
import { quoteIdentifier } from "../quote-identifier.ts";
import { attach, detach, type Attachment } from "./attachments.ts";
import { dataFolderAt, readPassword, superuser, type DataFolder } from "./data-folder.ts";
import { ensureServer } from "./ensure-server.ts";
import { withFolderLock } from "./folder-lock.ts";
import { askServer } from "./running-server.ts";
import type { ServerSettings } from "./server-settings.ts";
import { stopServer } from "./stop-server.ts";

export interface EmbeddedPostgresOptions {
  /** The folder for the data, the password and the log; made when it is missing. */
  dataDir: string;
  /** The port on 127.0.0.1; by default that of the last run when it is free, else any free one. */
  port?: number;
  /**
   * True by default. False gives up what protects the data in a power cut (fsync, synchronous_commit,
   * full_page_writes), for tests that throw the data away.
   */
  durable?: boolean;
  /** Further settings of postgresql.conf; they hold for a server that this call starts, not for an adopted one. */
  settings?: ServerSettings;
  logger?: Logger;
  /** Gives up the start, also while another process starts the same server. */
  signal?: AbortSignal;
}

interface ServerAccess {
  folder: DataFolder;
  port: number;
  password: string;
  attachment: Attachment;
  isOwner: boolean;
  logger: Logger | undefined;
}

const sessionsTimeoutMs = 1_000;

/**
 * Starts a real PostgreSQL from the optional npm dependency, or joins the one that runs on the folder: another
 * process of this machine may have started it, or one that was killed since. The server is a session of its own, so
 * Ctrl-C in the terminal leaves it to the application to end it with `close`.
 *
 * @throws PostgresError PG_BINARY_MISSING, PG_DATA_VERSION_MISMATCH, PG_FOLDER_NOT_ACCESSIBLE, PG_PORT_IN_USE or
 * PG_START_FAILED.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, signal, port } = options;
  const folder = dataFolderAt(await openFolder(options.dataDir));
  return withFolderLock(
    folder.root,
    async () => {
      const password = await readPassword(folder);
      const { durable = true, settings = {} } = options;
      const found = await ensureServer({ folder, password, port, durable, settings, logger, signal });
      const attached = await attach(folder.root);
      logger?.info({ port: found, folder: folder.root, owned: attached.isOwner }, "PostgreSQL is ready");
      return new EmbeddedPostgres({ folder, port: found, password, logger, ...attached });
    },
    signal,
  );
}

/** A running server on a data folder. It holds no handle that keeps the process from ending. */
export class EmbeddedPostgres {
  readonly #server: ServerAccess;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(server: ServerAccess) {
    this.#server = server;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Whether this process was the only living user of the server when it joined. */
  get owned(): boolean {
    return this.#server.isOwner;
  }

  /** A URL with the superuser's password, `postgres` being the database that always exists. */
  connectionString(database = "postgres"): string {
    const { password, port } = this.#server;
    return `postgresql://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  }

  /** Creates the database unless it exists, and answers its connection string. */
  async ensureDatabase(name: string): Promise<string> {
    const { port, password } = this.#server;
    const found = await askServer(port, password, "select from pg_database where datname = $1", [name]);
    if (found.length === 0) {
      try {
        await askServer(port, password, `create database ${quoteIdentifier(name)}`);
      } catch (error) {
        if (!isDuplicateDatabase(error)) throw error;
      }
    }
    return this.connectionString(name);
  }

  /**
   * Leaves the server, and stops it unless it is still in use: by another process that started it through
   * `startEmbeddedPostgres`, which owns it from now on, or by an open connection of any program. Close the pools
   * first.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { folder, attachment, logger, port } = this.#server;
    await withFolderLock(folder.root, async () => {
      const others = await detach(folder.root, attachment);
      if (others > 0) {
        logger?.info({ port, processes: others }, "PostgreSQL is left to the other processes that use it");
        return;
      }
      const sessions = await this.#countSessions();
      if (sessions > 0) {
        logger?.warn({ port, sessions }, "PostgreSQL is left running: clients are connected");
      } else if (!(await stopServer(folder))) {
        logger?.warn({ port }, "PostgreSQL takes long to stop; it ends by itself");
      }
    });
  }

  /** Sessions of others; those that were closed a moment ago get the time to leave. */
  async #countSessions(): Promise<number> {
    const { port, password } = this.#server;
    const others =
      "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    const deadline = Date.now() + sessionsTimeoutMs;
    for (;;) {
      // A server that does not answer serves nobody.
      const sessions = await askServer(port, password, others).catch(() => []);
      if (sessions.length === 0 || Date.now() > deadline) return sessions.length;
      await delay(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function openFolder(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const root = await realpath(dataDir);
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
    if (!/["$`\\\n]/.test(root) || process.platform === "win32") return root;
  } catch (cause) {
    throw new PostgresError(
      "PG_FOLDER_NOT_ACCESSIBLE",
      `the data folder ${dataDir} cannot be made or written by this process's user: run this as the user that owns it, or choose another data folder`,
      { cause },
    );
  }
  throw new PostgresError(
    "PG_FOLDER_NOT_ACCESSIBLE",
    `PostgreSQL's tools cannot work in ${dataDir}: choose a data folder without " $ \` and \\ in its path`,
  );
}

function isDuplicateDatabase(error: unknown): boolean {
  // 23505: two sessions created it at the same moment.
  return error instanceof Error && "code" in error && (error.code === "42P04" || error.code === "23505");
}
