import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import { OutageLog } from "../telemetry/outage-log.ts";
import { IntakeGate, type IntakeSize } from "./intake-gate.ts";
import { SpillDrain } from "./spill-drain.ts";
import type { SpillStore } from "./spill-store.ts";

export interface IntakeItem<Item> {
  /** The same when the item is handled again: an idempotency key. */
  readonly key: string;
  readonly item: Item;
}

/** What is done with an item for which there is no room; the first is the default. */
export type IntakePolicy<Item> =
  | { readonly whenFull?: "slow" | "reject" }
  | {
      /** It is kept in the store and handled in its turn, also after a crash. */
      readonly whenFull: "store";
      readonly spill: SpillStore;
      readonly encode: (item: Item) => Uint8Array;
      readonly decode: (item: Uint8Array) => Item;
      /** Milliseconds until another process goes on for one that has died. Default 10,000. */
      readonly leaseMs?: number;
    }
  /** It is lost, and counted: only for what nobody needs to have. */
  | { readonly whenFull: "drop"; readonly optional: true };

export type IntakeQueueOptions<Item> = IntakePolicy<Item> & {
  /** Of the queue in errors, status and store: `live-updates`. */
  readonly name: string;
  readonly most: IntakeSize;
  /** Bytes of an item; default 0: items are only counted. */
  readonly bytesOf?: (item: Item) => number;
  /** Items that are handled together at most. Default 100. */
  readonly batch?: number;
  /** Handles items in order. What it throws is tried again until it succeeds or the queue closes. */
  readonly handle: (items: readonly IntakeItem<Item>[], signal: AbortSignal) => Promise<void>;
  readonly logger?: Logger;
};

export interface IntakeStatus extends IntakeSize {
  readonly name: string;
  /** Items of producers that wait for room. */
  readonly waiting: number;
  /** Since the process started: refused, kept in the store, lost. */
  readonly rejected: number;
  readonly stored: number;
  readonly dropped: number;
  /** Whether stored items are still to be handled; what is offered meanwhile is stored behind them. */
  readonly draining: boolean;
}

const firstRetryMs = 50;
const longestRetryMs = 5_000;

/**
 * A queue between producers and one handler, bounded by items and bytes, that does as it was told when it is full.
 *
 * @example
 * const queue = new IntakeQueue({ name: "live-updates", most: { items: 1_000, bytes: 1e6 }, handle: send });
 * await queue.offer({ text: "hello" }, { signal });
 */
export class IntakeQueue<Item> {
  readonly #options: IntakeQueueOptions<Item>;
  readonly #gate: IntakeGate;
  readonly #drain: SpillDrain | null;
  readonly #queued: (IntakeItem<Item> & { readonly size: IntakeSize })[] = [];
  /** First nothing is taken any more, then nothing is handled any more. */
  readonly #refusing = new AbortController();
  readonly #closing = new AbortController();
  #working: Promise<void> | null = null;
  #dropped = 0;

  /** @throws TidemarkError `definition-invalid` when items may be dropped that are not optional. */
  constructor(options: IntakeQueueOptions<Item>) {
    const { name, most, whenFull = "slow" } = options;
    if (options.whenFull === "drop" && !options.optional) {
      throw new TidemarkError(
        "definition-invalid",
        `The queue ${name} may not drop what is not optional: say optional: true, or choose another policy.`,
      );
    }
    this.#options = options;
    this.#gate = new IntakeGate({
      what: `items of ${name}`,
      most,
      whenFull: whenFull === "slow" ? "slow" : "reject",
    });
    this.#drain =
      options.whenFull === "store"
        ? new SpillDrain({ queue: name, store: options.spill, leaseMs: options.leaseMs ?? 10_000 })
        : null;
    // What an earlier process left comes first.
    if (this.#drain !== null) this.#work();
  }

  get status(): IntakeStatus {
    return {
      name: this.#options.name,
      ...this.#gate.inside,
      waiting: this.#gate.waiting.items,
      rejected: this.#drain === null && this.#options.whenFull !== "drop" ? this.#gate.rejected : 0,
      stored: this.#drain?.stored ?? 0,
      dropped: this.#dropped,
      draining: this.#drain?.active === true,
    };
  }

  /**
   * Hands an item over; `stored` and `dropped` only as the policy says.
   *
   * @throws TidemarkError `overloaded`, `application-closed`; the signal's reason; what the store throws.
   */
  async offer(
    item: Item,
    { key = randomUUID(), signal }: { readonly key?: string; readonly signal?: AbortSignal } = {},
  ): Promise<"queued" | "stored" | "dropped"> {
    signal?.throwIfAborted();
    this.#refusing.signal.throwIfAborted();
    const options = this.#options;
    const size = { items: 1, bytes: options.bytesOf?.(item) ?? 0 };
    // Behind what is stored everything is stored, so that the order stays.
    const direct = this.#drain?.active !== true && this.#gate.tryEnter(size);
    if (!direct && options.whenFull === "drop") {
      this.#dropped += 1;
      return "dropped";
    }
    if (!direct && options.whenFull === "store") {
      await this.#drain?.add({ key, item: options.encode(item) });
      this.#work();
      return "stored";
    }
    if (!direct) {
      await this.#gate.enter(size, signal);
      // Closed between the two: nobody would handle it.
      if (this.#refusing.signal.aborted) this.#gate.leave(size);
      this.#refusing.signal.throwIfAborted();
    }
    this.#queued.push({ key, item, size });
    this.#work();
    return "queued";
  }

  /**
   * Takes nothing more and handles what is in memory, within `drainMs` milliseconds (default 1,000). What is left goes
   * to the store if there is one; what is stored stays for the next process.
   */
  async close({ drainMs = 1_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    const { name } = this.#options;
    const closed = new TidemarkError("application-closed", `The queue ${name} is closed: use another node.`);
    this.#refusing.abort(closed);
    this.#gate.refuseWaiting(closed);
    const patience = new AbortController();
    const over = delay(drainMs, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([this.#idle(), over]);
    patience.abort();
    this.#closing.abort(closed);
    if (this.#options.whenFull === "store" && this.#drain !== null) {
      const { encode } = this.#options;
      for (const { key, item } of this.#queued.splice(0)) await this.#drain.add({ key, item: encode(item) });
    }
    await this.#drain?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  #work(): void {
    this.#working ??= this.#run().finally(() => {
      this.#working = null;
      // Whoever came at the last moment.
      if (this.#hasWork) this.#work();
    });
  }

  get #hasWork(): boolean {
    if (this.#closing.signal.aborted) return false;
    return this.#queued.length > 0 || (this.#drain?.active === true && !this.#refusing.signal.aborted);
  }

  async #run(): Promise<void> {
    const { name, logger = silentLogger } = this.#options;
    const outage = new OutageLog(logger, {
      begun: "items of a queue cannot be handled, and wait",
      over: "the items of a queue are handled again",
    });
    for (let failures = 0; this.#hasWork;) {
      try {
        // What is in memory is older than what is stored.
        if (this.#queued.length > 0) await this.#handleQueued();
        else await this.#handleStored();
        failures = 0;
        outage.succeeded({ queue: name });
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        failures += 1;
        const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1));
        outage.failed(error, { queue: name, retryInMs: wait });
        await this.#pause(wait);
      }
    }
  }

  async #handleQueued(): Promise<void> {
    const { batch = 100, handle } = this.#options;
    const items = this.#queued.slice(0, batch);
    await handle(items, this.#closing.signal);
    this.#queued.splice(0, items.length);
    for (const { size } of items) this.#gate.leave(size);
  }

  async #handleStored(): Promise<void> {
    const { batch = 100, handle } = this.#options;
    if (this.#options.whenFull !== "store") return;
    const { decode } = this.#options;
    const outcome = await this.#drain?.next(batch, (items) =>
      handle(
        items.map(({ key, item }) => ({ key, item: decode(item) })),
        this.#closing.signal,
      ),
    );
    if (outcome === "others") await this.#pause(longestRetryMs / 10);
  }

  async #pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}
