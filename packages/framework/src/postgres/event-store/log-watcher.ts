import { setTimeout as delay } from "node:timers/promises";
import { isInfrastructureError } from "../../infrastructure-error.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { NotificationListener } from "../notification-listener.ts";
import { onAbort } from "../../on-abort.ts";

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
  readonly #listener: NotificationListener | null;
  readonly #closing = new AbortController();
  #waiters = new Set<() => void>();
  #version = 0;
  #head = 0n;
  #polling: Promise<void> | null = null;

  constructor(options: LogWatcherOptions) {
    const { listenUrl, channel, logger } = options;
    this.#options = options;
    this.#listener =
      listenUrl === null
        ? null
        : new NotificationListener({
            url: listenUrl,
            channel,
            logger,
            onNotification: (payload) => this.#notified(payload),
            // Whatever was notified while nobody listened is behind this.
            onConnect: () => this.#wake(),
          });
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
        leave();
        resolve();
      };
      this.#waiters.add(done);
      const leave = onAbort(signal, done);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await Promise.all([this.#listener?.close(), this.#polling]);
  }

  #start(): void {
    if (this.#closing.signal.aborted) return;
    this.#polling ??= this.#poll();
    this.#listener?.start();
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
      await delay(this.#options.pollIntervalMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || this.#waiters.size === 0) continue;
      try {
        const head = await this.#options.readHead(signal);
        // Lower, too: a database that was restored to an earlier time must not go unnoticed.
        if (head !== this.#head) {
          this.#head = head;
          this.#wake();
        }
      } catch (error) {
        // What does not heal by itself is told to the subscriptions by their own read.
        if (!isInfrastructureError(error)) this.#wake();
        if (!signal.aborted)
          this.#options.logger.debug({ err: error }, "The event store's head cannot be read now");
      }
    }
  }

  #notified(payload: string): void {
    if (/^\d+$/.test(payload)) this.advance(BigInt(payload));
  }
}
