import { setImmediate as turn } from "node:timers/promises";
import type { AppendOutcome } from "../../event-store/event-store.ts";
import { IntakeGate, type IntakeSize, type WhenFull } from "../../intake/intake-gate.ts";
import { AppendQueue, type AppendSize, type WaitingAppend } from "./append-queue.ts";
import type { AppendCall } from "./append-statement.ts";

/** How much the appends of one process may share, and how much of them may wait. */
export interface GroupCommitLimits {
  /** Most events of one transaction; default 1,000. A larger append goes alone. */
  readonly maxEvents: number;
  /** Most bytes of one transaction; default 1 MiB. A larger append goes alone. */
  readonly maxBytes: number;
  /** Most events that wait in this process. Default 20,000. */
  readonly maxQueuedEvents: number;
  /** Most bytes that wait in this process; default 64 MiB. */
  readonly maxQueuedBytes: number;
  /**
   * What happens beyond. `slow`, the default: an append waits until there is room, or its signal aborts; as many again
   * may wait so. `reject`, and what is beyond that: `overloaded`.
   */
  readonly whenFull: WhenFull;
}

export const defaultGroupCommitLimits: GroupCommitLimits = {
  maxEvents: 1_000,
  maxBytes: 1024 * 1024,
  maxQueuedEvents: 20_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  whenFull: "slow",
};

interface GroupCommitOptions {
  readonly appendSet: (calls: readonly AppendCall[]) => Promise<AppendOutcome[]>;
  /** Whether an error says that its set was certainly not written because of one of its calls. */
  readonly isPoison: (error: unknown) => boolean;
  readonly limits: GroupCommitLimits;
}

// A call without events waits, too: it is counted with what it and its closures take.
const callBytes = 200;

/**
 * Lets the appends of one process share transactions: while one set is in flight the next one collects, and an idle
 * process appends at once. A set that raises is taken apart until the poison stands alone.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue = new AppendQueue();
  readonly #gate: IntakeGate;
  #inFlight = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    const { maxQueuedEvents: items, maxQueuedBytes: bytes, whenFull } = options.limits;
    this.#gate = new IntakeGate({ what: "events", most: { items, bytes }, whenFull });
  }

  /** What waits for a transaction now. */
  get waiting(): AppendSize & { readonly appends: number } {
    return { appends: this.#queue.length, ...this.#queue.size };
  }

  /**
   * @throws TidemarkError `overloaded` when too much is waiting; the signal's reason when it aborts before the append
   * was sent; whatever the append itself throws.
   */
  append(call: AppendCall, signal?: AbortSignal): Promise<AppendOutcome> {
    const size = sizeOf(call);
    const place = { items: size.events, bytes: size.bytes };
    if (this.#gate.tryEnter(place)) return this.#append(call, size, signal);
    return this.#gate.enter(place, signal).then(() => this.#append(call, size, signal));
  }

  #append(call: AppendCall, size: AppendSize, signal?: AbortSignal): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const leave = this.#queue.add({
        call,
        size,
        settle: (outcome) => {
          signal?.removeEventListener("abort", abort);
          resolve(outcome);
        },
        fail: (error) => {
          signal?.removeEventListener("abort", abort);
          // Whatever the append threw is handed on as it is.
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors
          reject(error);
        },
      });
      const abort = () => {
        if (!leave()) return;
        this.#gate.leave({ items: size.events, bytes: size.bytes });
        // An AbortSignal's reason is untyped; it is handed on as the caller gave it.
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (!this.#inFlight) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#inFlight = true;
    const { maxEvents: events, maxBytes: bytes } = this.#options.limits;
    while (this.#queue.length > 0) {
      // Who was answered just now appends again in this turn of the event loop, and so does whose request came in with
      // it: without a turn the first of them would go alone and the others wait for it.
      await turn();
      const set = this.#queue.take({ events, bytes });
      this.#gate.leave(total(set));
      await this.#commit(set);
    }
    this.#inFlight = false;
  }

  async #commit(set: readonly WaitingAppend[]): Promise<void> {
    try {
      const outcomes = await this.#options.appendSet(set.map(({ call }) => call));
      set.forEach(({ settle }, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined) settle(outcome);
      });
    } catch (error) {
      if (set.length === 1 || !this.#options.isPoison(error)) {
        for (const { fail } of set) fail(error);
        return;
      }
      const middle = set.length >> 1;
      await this.#commit(set.slice(0, middle));
      await this.#commit(set.slice(middle));
    }
  }
}

function total(set: readonly WaitingAppend[]): IntakeSize {
  let items = 0;
  let bytes = 0;
  for (const { size } of set) {
    items += size.events;
    bytes += size.bytes;
  }
  return { items, bytes };
}

function sizeOf({ streams, idempotency }: AppendCall): AppendSize {
  let events = 0;
  let bytes = callBytes + (idempotency?.body.length ?? 0);
  for (const stream of streams) {
    events += stream.events.length;
    for (const { data, meta } of stream.events) bytes += data.length + meta.length;
  }
  return { events: Math.max(events, 1), bytes };
}
