import { TidemarkError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import { OutageLog } from "../telemetry/outage-log.ts";
import type { Lease, LeaseReport, LeaseStore } from "./lease-store.ts";

interface HeldLease {
  readonly lease: Lease;
  readonly report: () => Pick<LeaseReport, "state" | "error">;
  readonly lost: AbortController;
}

/** Renews every lease of a process with one heartbeat, and tells whoever works under one when it is lost. */
export class LeaseKeeper {
  readonly #store: LeaseStore;
  readonly #leaseMs: number;
  readonly #logger: Logger;
  readonly #outageLog: OutageLog;
  readonly #held = new Set<HeldLease>();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> | null = null;
  #renewedAt = 0;

  constructor(options: { readonly store: LeaseStore; readonly leaseMs: number; readonly logger: Logger }) {
    this.#store = options.store;
    this.#leaseMs = options.leaseMs;
    this.#logger = options.logger;
    this.#outageLog = new OutageLog(options.logger, {
      begun: "the leases could not be renewed",
      over: "the leases are renewed again",
    });
    this.#timer = setInterval(() => this.#beat(), options.leaseMs / 3);
    this.#timer.unref();
  }

  /** Keeps a lease until `release`. The signal aborts when it is lost. */
  hold(
    lease: Lease,
    report: HeldLease["report"],
  ): { readonly signal: AbortSignal; readonly release: () => Promise<void> } {
    if (this.#held.size === 0) this.#renewedAt = performance.now();
    const held: HeldLease = { lease, report, lost: new AbortController() };
    this.#held.add(held);
    return {
      signal: held.lost.signal,
      release: async () => {
        this.#held.delete(held);
        try {
          await this.#store.release(lease);
        } catch (error) {
          this.#logger.debug({ err: error, lease: lease.subscription }, "a lease is left to expire");
        }
      },
    };
  }

  /** Lets other processes see a change of state before the next heartbeat is due. */
  publish(): void {
    this.#beat();
  }

  /** Stops the heartbeat; leases that are still held expire. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }

  #beat(): void {
    if (this.#renewing !== null || this.#held.size === 0) return;
    this.#renewing = this.#renew().finally(() => {
      this.#renewing = null;
    });
  }

  async #renew(): Promise<void> {
    const asked = [...this.#held];
    const startedAt = performance.now();
    try {
      const renewed = await this.#store.renew(
        asked.map(({ lease, report }) => ({ lease, ...report() })),
        this.#leaseMs,
      );
      this.#renewedAt = startedAt;
      this.#outageLog.succeeded();
      const alive = new Set(renewed.map(identityOf));
      for (const held of asked) if (!alive.has(identityOf(held.lease))) this.#lose(held);
    } catch (error) {
      this.#outageLog.failed(error);
      // Past its time a lease may be anyone's, so work under it stops even though nobody may have taken it.
      if (performance.now() - this.#renewedAt > this.#leaseMs) for (const held of asked) this.#lose(held);
    }
  }

  #lose(held: HeldLease): void {
    if (!this.#held.delete(held)) return;
    const { subscription, partition } = held.lease;
    held.lost.abort(
      new TidemarkError("lease-lost", `The lease of ${subscription}, partition ${partition}, has expired.`),
    );
  }
}

function identityOf({ subscription, partition, fencingToken }: Lease): string {
  return `${subscription} ${partition} ${fencingToken}`;
}
