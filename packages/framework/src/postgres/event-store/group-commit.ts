import type { AppendOutcome } from "../../event-store/event-store.ts";
import { IntakeGate, type WhenFull } from "../../intake/intake-gate.ts";
import { onAbort } from "../../on-abort.ts";
import type { AppendAnswer } from "./append-outcome.ts";
import { AppendQueue, type AppendSize, type QueuedAppend, type WaitingAppend } from "./append-queue.ts";
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
  readonly appendSet: (calls: readonly AppendCall[]) => Promise<AppendAnswer>;
  /** Sets that may be in flight at once: 1 or 2. */
  readonly sets: number;
  /** Whether an error says that its set was certainly not written because of one of its calls. */
  readonly isPoison: (error: unknown) => boolean;
  readonly limits: GroupCommitLimits;
}

// A call without events waits, too: it is counted with what it and its closures take.
const callBytes = 200;

// Two halves of fewer events cost more by their second commit than they win by being prepared beside each other.
const fewestEventsOfHalf = 100;

/**
 * Lets the appends of one process share transactions: while one set is in flight the next one collects, and an idle
 * process appends at once. When many wait, half of them are prepared and sent while the other half is in flight, unless
 * other processes want to append as well: then a set waits for the lock, and a larger one costs them all less. A set that
 * raises is taken apart until the poison stands alone.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue = new AppendQueue();
  readonly #gate: IntakeGate;
  #inFlight = 0;
  #eventsInFlight = 0;
  #isScheduled = false;
  #isContended = false;

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
    return this.#gate.enter(place, signal).then(() => {
      if (signal?.aborted !== true) return this.#append(call, size, signal);
      this.#gate.leave(place);
      throw signal.reason;
    });
  }

  #append(call: AppendCall, { events, bytes }: AppendSize, signal?: AbortSignal): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const waiting = { call, events, bytes, settle: resolve, fail: reject };
      if (signal === undefined) this.#queue.add(waiting);
      else this.#addWithSignal(waiting, signal);
      this.#schedule();
    });
  }

  #addWithSignal(waiting: WaitingAppend, signal: AbortSignal): void {
    const entry = this.#queue.add({
      ...waiting,
      settle: (outcome) => {
        leave();
        waiting.settle(outcome);
      },
      fail: (error) => {
        leave();
        waiting.fail(error);
      },
    });
    const leave = onAbort(signal, () => {
      if (!this.#queue.giveUp(entry)) return;
      this.#gate.leave({ items: waiting.events, bytes: waiting.bytes });
      waiting.fail(signal.reason);
      // Who waited for it alone may go now.
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0 || this.#inFlight >= this.#options.sets) return;
    this.#isScheduled = true;
    // Who was answered just now appends again in this turn of the event loop, and so does whose request came in with
    // it: without a turn the first of them would go alone and the others wait for it.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const { limits, sets } = this.#options;
    const all = this.#queue.size.events + this.#eventsInFlight;
    const half = Math.ceil(all / 2);
    const isShared = sets > 1 && !this.#isContended && half >= fewestEventsOfHalf;
    if (this.#inFlight > 0 && !isShared) return;
    const events = isShared ? Math.min(half, limits.maxEvents) : limits.maxEvents;
    const set = this.#queue.take({ events, bytes: limits.maxBytes });
    if (set.length === 0) return;
    void this.#commit(set);
    if (isShared && this.#inFlight < sets) this.#send();
  }

  async #commit(set: readonly QueuedAppend[]): Promise<void> {
    let events = 0;
    let bytes = 0;
    for (const { waiting } of set) {
      events += waiting.events;
      bytes += waiting.bytes;
    }
    this.#gate.leave({ items: events, bytes });
    this.#inFlight += 1;
    this.#eventsInFlight += events;
    await this.#appendAll(set);
    this.#inFlight -= 1;
    this.#eventsInFlight -= events;
    this.#schedule();
  }

  async #appendAll(set: readonly QueuedAppend[]): Promise<void> {
    try {
      const { outcomes, waited } = await this.#options.appendSet(set.map(({ waiting }) => waiting.call));
      this.#isContended = waited;
      this.#queue.release(set);
      for (const [index, { waiting }] of set.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) waiting.settle(outcome);
      }
    } catch (error) {
      if (set.length === 1 || !this.#options.isPoison(error)) {
        this.#queue.release(set);
        for (const { waiting } of set) waiting.fail(error);
        return;
      }
      const middle = set.length >> 1;
      await this.#appendAll(set.slice(0, middle));
      await this.#appendAll(set.slice(middle));
    }
  }
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
