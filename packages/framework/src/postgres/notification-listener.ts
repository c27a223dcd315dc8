import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "../telemetry/logger.ts";

const firstReconnectDelayMs = 100;
const longestReconnectDelayMs = 5_000;

/** Listens on one channel over a connection of its own, which reconnects until it is closed. */
export class NotificationListener {
  readonly #options: NotificationListenerOptions;
  readonly #closing = new AbortController();
  #listening: Promise<void> | null = null;
  #client: pg.Client | null = null;

  constructor(options: NotificationListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#listening ??= this.#listen();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(() => {});
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    let wait = firstReconnectDelayMs;
    while (!signal.aborted) {
      try {
        await this.#listenOnce(() => {
          wait = firstReconnectDelayMs;
        });
      } catch (error) {
        if (!signal.aborted)
          this.#options.logger.warn({ err: error }, "The LISTEN connection broke; polling covers");
      }
      await delay(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, longestReconnectDelayMs);
    }
  }

  /** Ends with the connection. */
  async #listenOnce(connected: () => void): Promise<void> {
    const { url, channel, onNotification, onConnect } = this.#options;
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
      client.on("notification", ({ payload = "" }) => onNotification(payload));
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
      connected();
      onConnect();
      await ended;
    } finally {
      this.#client = null;
      client.on("error", () => {});
      await client.end().catch(() => {});
    }
  }
}

export interface NotificationListenerOptions {
  readonly url: string;
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /** Called after each (re)connection: what was notified meanwhile is lost. */
  readonly onConnect: () => void;
  readonly logger: Logger;
}
