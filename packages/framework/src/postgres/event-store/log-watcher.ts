import pg from "pg";
import type { Logger } from "../../telemetry/logger.ts";

const firstReconnectDelayMs = 100;
const longestReconnectDelayMs = 5_000;

interface LogWatcherOptions {
  /** Where to LISTEN; `null` polls only. */
  readonly listenUrl: string | null;
  readonly channel: string;
  readonly pollIntervalMs: number;
  readonly readHead: (signal: AbortSignal) => Promise<bigint>;
  readonly logger: Logger;
}

/**
 * Tells subscriptions that there may be something new: by NOTIFY over a connection of its own, which reconnects, and
 * by asking for the head every poll interval, which covers a notification that was lost. One of both serves every
 * subscription of the store.
 */
export class LogWatcher {
  readonly #options: LogWatcherOptions;
  readonly #closing = new AbortController();
  #waiters = new Set<() => void>();
  #version = 0;
  #head = 0n;
  #listening: Promise<void> | null = null;
  #polling: Promise<void> | null = null;
  #client: pg.Client | null = null;

  constructor(options: LogWatcherOptions) {
    this.#options = options;
  }

  /** Changes whenever there may be something new. Take it before reading, then wait for the next one. */
  get version(): number {
    return this.#version;
  }

  /** Says that the log reaches this position. */
  advance(head: bigint): void {
    if (head <= this.#head) return;
    this.#head = head;
    this.#wake();
  }

  /** Returns when the version is no longer the given one, or the signal aborts, or the watcher closes. */
  async waitBeyond(version: number, signal?: AbortSignal): Promise<void> {
    this.#start();
    if (this.#version !== version || this.#closing.signal.aborted || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#client?.end().catch(() => {});
    await Promise.all([this.#listening, this.#polling]);
  }

  #start(): void {
    if (this.#closing.signal.aborted) return;
    this.#polling ??= this.#poll();
    if (this.#options.listenUrl !== null) this.#listening ??= this.#listen(this.#options.listenUrl);
  }

  #wake(): void {
    this.#version += 1;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const done of waiters) done();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(this.#options.pollIntervalMs, signal);
      if (signal.aborted || this.#waiters.size === 0) continue;
      try {
        const head = await this.#options.readHead(signal);
        // Lower, too: a database that was restored to an earlier time must not go unnoticed.
        if (head !== this.#head) {
          this.#head = head;
          this.#wake();
        }
      } catch (error) {
        if (!signal.aborted)
          this.#options.logger.debug({ err: error }, "The event store's head cannot be read now");
      }
    }
  }

  async #listen(url: string): Promise<void> {
    const { signal } = this.#closing;
    let wait = firstReconnectDelayMs;
    while (!signal.aborted) {
      try {
        await this.#listenOnce(url, () => {
          wait = firstReconnectDelayMs;
        });
      } catch (error) {
        this.#options.logger.warn(
          { err: error },
          "The LISTEN connection broke; polling covers until it is back",
        );
      }
      await sleep(wait, signal);
      wait = Math.min(wait * 2, longestReconnectDelayMs);
    }
  }

  /** Ends with the connection. */
  async #listenOnce(url: string, connected: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      application_name: "tidemark listen",
      connectionTimeoutMillis: 10_000,
    });
    this.#client = client;
    const ended = new Promise<void>((resolve, reject) => {
      client.once("error", reject);
      client.once("end", resolve);
    });
    ended.catch(() => {});
    try {
      client.on("notification", ({ payload = "" }) => this.#notified(payload));
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(this.#options.channel)}`);
      connected();
      // Whatever was notified while nobody listened is behind this.
      this.#wake();
      await ended;
    } finally {
      this.#client = null;
      client.on("error", () => {});
      await client.end().catch(() => {});
    }
  }

  #notified(payload: string): void {
    if (/^\d+$/.test(payload)) this.advance(BigInt(payload));
  }
}

/** Ends early, without an error, when the signal aborts. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
