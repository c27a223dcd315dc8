import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../../errors.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { OutageLog } from "../../telemetry/outage-log.ts";
import type { LimitStore, Ticket } from "./limit-store.ts";

export interface PermitKeeperOptions {
  readonly store: LimitStore;
  /** Shown to people as the holder. */
  readonly label: string;
  /** Until the permits of a process that has died are free again. */
  readonly leaseMs: number;
  readonly logger: Logger;
}

/** The right to work, until `release`. */
export interface Permit {
  /** Aborts when the permit is lost: somebody else may have it. */
  readonly signal: AbortSignal;
  readonly release: () => void;
}

interface HeldTicket {
  readonly ticket: bigint;
  readonly semaphore: string;
  readonly lost: AbortController;
  granted: boolean;
  /** When it was last known to be alive, and since when it is a permit; of `performance.now()`. */
  renewedAt: number;
  grantedAt: number;
  changed: () => void;
  /** While it is a permit that nobody works under. */
  idle: NodeJS.Timeout | null;
}

/** A permit is kept while the next piece of work comes within this time. */
const idleMs = 100;

/** After this time a permit is given back between two pieces of work, so that whoever waits elsewhere has his turn. */
const longestTurnMs = 1_000;

/** Who waits looks this often, should the notification be lost. */
const lookMs = 500;

/** The permits of one process: takes its place in the queue of a semaphore, renews what it has, gives back what is idle. */
export class PermitKeeper {
  readonly #options: PermitKeeperOptions;
  readonly #held = new Set<HeldTicket>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #outage: OutageLog;
  #renewing: Promise<void> | null = null;
  #closed = false;

  constructor(options: PermitKeeperOptions) {
    this.#options = options;
    this.#outage = new OutageLog(options.logger, {
      begun: "the permits of semaphores cannot be renewed",
      over: "the permits of semaphores are renewed again",
    });
    this.#timer = setInterval(() => this.#beat(), options.leaseMs / 8);
    this.#timer.unref();
  }

  /**
   * Waits for a permit, first come, first served among all processes.
   *
   * @throws the signal's reason; TidemarkError `store-unavailable`.
   */
  async acquire(semaphore: string, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    this.#dropExpired();
    for (const held of this.#held) {
      if (held.semaphore !== semaphore || held.idle === null) continue;
      clearTimeout(held.idle);
      held.idle = null;
      return this.#permit(held);
    }
    for (;;) {
      const held = await this.#enter(semaphore);
      try {
        await this.#granted(held, signal);
      } catch (error) {
        this.#leave(held);
        throw error;
      }
      if (!held.lost.signal.aborted) return this.#permit(held);
    }
  }

  /** Somewhere a permit of this semaphore was given back. */
  freed(semaphore: string): void {
    for (const held of this.#held)
      if (!held.granted && held.semaphore === semaphore) return this.#renewSoon();
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const held of this.#held) this.#leave(held);
    await this.#renewing;
    await Promise.all(this.#leaving);
  }

  async #enter(semaphore: string): Promise<HeldTicket> {
    const { store, label, leaseMs } = this.#options;
    const renewedAt = performance.now();
    const { ticket, granted } = await store.enter(semaphore, label, leaseMs);
    const held: HeldTicket = {
      ticket,
      semaphore,
      granted,
      renewedAt,
      grantedAt: performance.now(),
      lost: new AbortController(),
      changed: () => {},
      idle: null,
    };
    this.#held.add(held);
    return held;
  }

  /** Ends when the ticket is a permit, or is lost. */
  async #granted(held: HeldTicket, signal: AbortSignal): Promise<void> {
    while (!held.granted && !held.lost.signal.aborted) {
      signal.throwIfAborted();
      const looking = new AbortController();
      held.changed = () => looking.abort();
      const either = AbortSignal.any([signal, looking.signal]);
      await delay(lookMs, undefined, { signal: either }).catch(() => {});
      if (!looking.signal.aborted && !signal.aborted) await this.#renew();
    }
    signal.throwIfAborted();
  }

  #permit(held: HeldTicket): Permit {
    let released = false;
    return {
      signal: held.lost.signal,
      release: () => {
        if (released) return;
        released = true;
        const turnIsOver = performance.now() - held.grantedAt > longestTurnMs;
        if (this.#closed || turnIsOver || this.#isWanted(held.semaphore)) this.#leave(held);
        else if (this.#held.has(held)) held.idle = setTimeout(() => this.#leave(held), idleMs);
      },
    };
  }

  #isWanted(semaphore: string): boolean {
    for (const held of this.#held) if (!held.granted && held.semaphore === semaphore) return true;
    return false;
  }

  #leave(held: HeldTicket): void {
    if (held.idle !== null) clearTimeout(held.idle);
    if (!this.#held.delete(held)) return;
    const { store, logger } = this.#options;
    const leaving = store
      .leave([held.ticket])
      .catch((error: unknown) => logger.debug({ err: error }, "a permit is left to expire"))
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    this.freed(held.semaphore);
  }

  #beat(): void {
    this.#dropExpired();
    const due = performance.now() - this.#options.leaseMs / 5;
    for (const held of this.#held) if (held.renewedAt < due) return this.#renewSoon();
  }

  #renewSoon(): void {
    void this.#renew();
  }

  /** One at a time; who comes meanwhile waits for the one under way. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renewAll(): Promise<void> {
    const { store, leaseMs } = this.#options;
    const asked = [...this.#held];
    const startedAt = performance.now();
    try {
      const renewed = await store.renew(
        asked.map(({ ticket }) => ticket),
        leaseMs,
      );
      this.#outage.succeeded();
      const alive = new Map<bigint, Ticket>(renewed.map((ticket) => [ticket.ticket, ticket]));
      for (const held of asked) {
        const ticket = alive.get(held.ticket);
        if (ticket === undefined) this.#lose(held);
        else this.#renewed(held, ticket, startedAt);
      }
    } catch (error) {
      this.#outage.failed(error);
      this.#dropExpired();
    }
  }

  #renewed(held: HeldTicket, { granted }: Ticket, at: number): void {
    held.renewedAt = at;
    if (held.granted || !granted) return;
    held.granted = true;
    held.grantedAt = performance.now();
    held.changed();
  }

  /**
   * Lost before anybody else can have it: seen by the beat between 3/4 and 7/8 of the lease, the rest is for a timer
   * that is late.
   */
  #dropExpired(): void {
    const oldest = performance.now() - this.#options.leaseMs * 0.75;
    for (const held of this.#held) if (held.renewedAt < oldest) this.#lose(held);
  }

  #lose(held: HeldTicket): void {
    if (!this.#held.has(held)) return;
    this.#leave(held);
    held.lost.abort(
      new TidemarkError(
        "permit-lost",
        `The permit of the semaphore ${held.semaphore} has expired: this process did not renew it in time.`,
      ),
    );
    held.changed();
  }
}
