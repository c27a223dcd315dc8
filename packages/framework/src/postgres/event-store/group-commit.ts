import { TidemarkError } from "../../errors.ts";
import type { AppendOutcome } from "../../event-store/event-store.ts";
import type { AppendCall } from "./append-statement.ts";

interface Waiting {
  readonly call: AppendCall;
  readonly size: CallSize;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface CallSize {
  readonly events: number;
  readonly bytes: number;
}

interface GroupCommitOptions {
  readonly appendSet: (calls: readonly AppendCall[]) => Promise<AppendOutcome[]>;
  /** Whether an error says that its set was certainly not written because of one of its calls. */
  readonly isPoison: (error: unknown) => boolean;
  /** Most events and bytes of one set; a single call beyond them goes alone. */
  readonly maxSet: CallSize;
  /** Most events and bytes that may wait; beyond them callers are refused. */
  readonly maxQueue: CallSize;
}

/**
 * Lets the appends of one process share transactions: while one set is in flight the next one collects, and an idle
 * process appends at once. Appends to one stream, or under one idempotency key, keep their order and go in sets of
 * their own. A set that raises is taken apart until the poison stands alone.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Waiting[] = [];
  #queued: CallSize = { events: 0, bytes: 0 };
  #inFlight = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** @throws TidemarkError `overloaded` when too much is waiting; whatever the append itself throws. */
  append(call: AppendCall): Promise<AppendOutcome> {
    const size = sizeOf(call);
    const { maxQueue } = this.#options;
    const queued = sum(this.#queued, size);
    if (this.#queue.length > 0 && (queued.events > maxQueue.events || queued.bytes > maxQueue.bytes)) {
      const message = `${this.#queue.length} appends already wait in this process: append again later.`;
      return Promise.reject(new TidemarkError("overloaded", message, { details: { retryAfterSeconds: 1 } }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, size, resolve, reject });
      this.#queued = queued;
      if (!this.#inFlight) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#inFlight = true;
    while (this.#queue.length > 0) await this.#commit(this.#takeSet());
    this.#inFlight = false;
  }

  /** The longest-waiting appends that may share a set; what has to wait keeps its place. */
  #takeSet(): Waiting[] {
    const { maxSet } = this.#options;
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const claimed = new Set<string>();
    let size: CallSize = { events: 0, bytes: 0 };
    let full = false;
    for (const waiting of this.#queue) {
      const grown = sum(size, waiting.size);
      full ||= taken.length > 0 && (grown.events > maxSet.events || grown.bytes > maxSet.bytes);
      const names = claimsOf(waiting.call);
      if (full || names.some((name) => claimed.has(name))) left.push(waiting);
      else {
        taken.push(waiting);
        size = grown;
      }
      // A later append to the same stream must not overtake this one, whether it was taken or not.
      for (const name of names) claimed.add(name);
    }
    this.#queue = left;
    this.#queued = left.reduce((total, waiting) => sum(total, waiting.size), { events: 0, bytes: 0 });
    return taken;
  }

  async #commit(set: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#options.appendSet(set.map(({ call }) => call));
      set.forEach(({ resolve }, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined) resolve(outcome);
      });
    } catch (error) {
      if (set.length === 1 || !this.#options.isPoison(error)) {
        for (const { reject } of set) reject(error);
        return;
      }
      const middle = set.length >> 1;
      await this.#commit(set.slice(0, middle));
      await this.#commit(set.slice(middle));
    }
  }
}

/** What must not occur twice in one set: its streams and its idempotency key. */
function claimsOf({ tenant, streams, idempotency }: AppendCall): string[] {
  const claims = streams.map(({ streamId }) => JSON.stringify(["stream", tenant, streamId]));
  if (idempotency === null) return claims;
  const { principal, key } = idempotency.identity;
  return [...claims, JSON.stringify(["key", tenant, principal, key])];
}

function sizeOf({ streams }: AppendCall): CallSize {
  const size = { events: 0, bytes: 0 };
  for (const { events } of streams) {
    size.events += events.length;
    for (const { data, meta } of events) size.bytes += data.length + meta.length;
  }
  return size;
}

function sum(left: CallSize, right: CallSize): CallSize {
  return { events: left.events + right.events, bytes: left.bytes + right.bytes };
}
