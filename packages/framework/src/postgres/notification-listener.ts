import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "../telemetry/logger.ts";
import { OutageLog } from "../telemetry/outage-log.ts";

const firstReconnectDelayMs = 100;
const longestReconnectDelayMs = 5_000;
const politeEndMs = 500;

/** Listens on one channel over a connection of its own, which reconnects until it is closed. */
export class NotificationListener {
  readonly #options: NotificationListenerOptions;
  readonly #closing = new AbortController();
  #listening: Promise<void> | null = null;
  #connection: { readonly client: pg.Client; readonly socket: Socket } | null = null;

  constructor(options: NotificationListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#listening ??= this.#listen();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#connection !== null) {
      const { client, socket } = this.#connection;
      // A server that cannot be reached any more does not answer to a goodbye either.
      await Promise.race([client.end().catch(() => {}), delay(politeEndMs)]);
      socket.destroy();
    }
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    let wait = firstReconnectDelayMs;
    const outage = new OutageLog(this.#options.logger, {
      begun: "The LISTEN connection broke; polling covers",
      over: "The LISTEN connection is back",
    });
    while (!signal.aborted) {
      try {
        await this.#listenOnce(() => {
          wait = firstReconnectDelayMs;
          outage.succeeded();
        });
      } catch (error) {
        if (!signal.aborted) outage.failed(error);
      }
      await delay(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, longestReconnectDelayMs);
    }
  }

  /** Ends with the connection. */
  async #listenOnce(connected: () => void): Promise<void> {
    const { url, channel, onNotification, onConnect } = this.#options;
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      application_name: "tidemark listen",
      connectionTimeoutMillis: 10_000,
      stream: () => socket,
    });
    this.#connection = { client, socket };
    // The driver leaves connect() unsettled when the connection is given up meanwhile.
    const ended = new Promise<never>((_resolve, reject) => {
      client.once("error", reject);
      socket.once("close", () => reject(new Error("the server closed the connection")));
    });
    ended.catch(() => {});
    try {
      client.on("notification", ({ payload = "" }) => onNotification(payload));
      await Promise.race([client.connect(), ended]);
      await Promise.race([client.query(`listen ${client.escapeIdentifier(channel)}`), ended]);
      connected();
      onConnect();
      await ended;
    } finally {
      this.#connection = null;
      client.on("error", () => {});
      socket.destroy();
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
