import { statfs } from "node:fs/promises";
import { TidemarkError } from "../../errors.ts";
import type { Logger } from "../../telemetry/logger.ts";

export interface DiskGuardOptions {
  /** Appends are refused while less than this is free. Leave room for what is in flight and for a checkpoint. */
  readonly minFreeBytes: number | bigint;
  /**
   * A folder on the disk that keeps the database, when this process can see it, or what says how much is free there
   * (for a server elsewhere: ask its monitoring).
   */
  readonly freeBytes: string | (() => Promise<number | bigint>);
  /** How often to look; default 5,000. */
  readonly intervalMs?: number;
}

const defaultIntervalMs = 5_000;

/**
 * Refuses appends before the disk of the log is full: a PostgreSQL whose disk is full stops, and with it every read.
 * It looks in the background, never per append, and lets appends go on as soon as there is room again.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #free: bigint | null = null;

  constructor(options: DiskGuardOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** Looks once, then every interval until `close`. */
  async start(): Promise<void> {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => void this.#look(), this.#options.intervalMs ?? defaultIntervalMs).unref();
    await this.#look();
  }

  /** Appends are refused. */
  get isFull(): boolean {
    return this.#free !== null;
  }

  /** @throws TidemarkError `log-full` */
  check(): void {
    if (this.#free !== null) throw logFull(`${this.#free} bytes are free, ${this.#least} must be`);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  get #least(): bigint {
    return BigInt(this.#options.minFreeBytes);
  }

  /** A look that takes longer than the interval is waited for, not repeated. */
  #look(): Promise<void> {
    this.#looking ??= this.#measure().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #measure(): Promise<void> {
    try {
      const free = await this.#freeBytes();
      const isFull = free < this.#least;
      if (isFull !== (this.#free !== null)) this.#report(isFull, free);
      this.#free = isFull ? free : null;
    } catch (error) {
      // Not to know is no reason to stop: PostgreSQL still refuses what does not fit.
      this.#logger.warn({ err: error }, "The free space of the event store's disk is not to be had");
    }
  }

  async #freeBytes(): Promise<bigint> {
    const { freeBytes } = this.#options;
    if (typeof freeBytes !== "string") return BigInt(await freeBytes());
    const { bavail, bsize } = await statfs(freeBytes, { bigint: true });
    return bavail * bsize;
  }

  #report(isFull: boolean, free: bigint): void {
    const facts = { free: String(free), minFreeBytes: String(this.#least) };
    if (isFull) this.#logger.error(facts, "The event store's disk is almost full: appends are refused");
    else this.#logger.info(facts, "The event store's disk has room again: appends go on");
  }
}

/** The error for an append that the disk has no room for; nothing was written. */
export function logFull(fact: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    "log-full",
    `The disk of the event store is almost full (${fact}): make room there, appends go on by themselves. Reads are not affected.`,
    { cause, details: { retryAfterSeconds: 10 } },
  );
}
