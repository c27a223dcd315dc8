import type { AppendOutcome } from "../../event-store/event-store.ts";
import type { AppendCall } from "./append-statement.ts";

export interface AppendSize {
  readonly events: number;
  readonly bytes: number;
}

/** An append on its way; `settle` and `fail` answer its caller. */
export interface WaitingAppend extends AppendSize {
  readonly call: AppendCall;
  readonly settle: (outcome: AppendOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/** A place in the queue. */
export interface QueuedAppend {
  readonly waiting: WaitingAppend;
  readonly arrival: number;
  readonly claims: readonly string[];
  /** Later appends that share a claim with this one, each once for every claim. */
  followers: QueuedAppend[] | null;
  /** Claims that an earlier append has to let go first. */
  blockers: number;
  /** Taken, or given up. */
  gone: boolean;
}

/**
 * Appends that wait for their set, in the order of their arrival. An append holds its stream and its idempotency key
 * until it is released, so two of one stream are never in a set, nor in two sets that are in flight at once, and never
 * overtake each other. One with conditions begins a set that has nothing in flight beside it, so that it sees what every
 * append before it did. Adding, taking and releasing cost the same however many wait.
 */
export class AppendQueue {
  readonly #lastClaims = new Map<string, QueuedAppend>();
  /** Nothing stands before these, in the order of arrival; those before `#next` are taken. */
  #ready: QueuedAppend[] = [];
  #next = 0;
  /** The same, of those that had to wait for an earlier one. */
  #released: QueuedAppend[] = [];
  /** Those with conditions, in the order of arrival: nobody who came later goes before the first of them. */
  #conditional: QueuedAppend[] = [];
  #arrivals = 0;
  #waiting = 0;
  #events = 0;
  #bytes = 0;
  #taken = 0;
  #conditionalTaken = 0;

  get length(): number {
    return this.#waiting;
  }

  get size(): AppendSize {
    return { events: this.#events, bytes: this.#bytes };
  }

  add(waiting: WaitingAppend): QueuedAppend {
    const claims = claimsOf(waiting.call);
    const arrival = this.#arrivals;
    const entry: QueuedAppend = { waiting, arrival, claims, followers: null, blockers: 0, gone: false };
    this.#arrivals += 1;
    for (const claim of claims) {
      const before = this.#lastClaims.get(claim);
      if (before !== undefined) {
        before.followers ??= [];
        before.followers.push(entry);
        entry.blockers += 1;
      }
      this.#lastClaims.set(claim, entry);
    }
    if (entry.blockers === 0) this.#ready.push(entry);
    if (waiting.call.conditions.length > 0) this.#conditional.push(entry);
    this.#count(waiting, 1);
    return entry;
  }

  /** Takes an append out again if it still waits. @returns whether it did */
  giveUp(entry: QueuedAppend): boolean {
    if (entry.gone) return false;
    entry.gone = true;
    this.#count(entry.waiting, -1);
    // Behind another it keeps its place until that one is released: who follows it must wait, too.
    if (entry.blockers === 0) this.#letGo(entry);
    return true;
  }

  /**
   * The longest-waiting appends that may share a set; a single one beyond `most` goes alone. None when all that wait
   * have to wait for what is in flight.
   */
  take(most: AppendSize): QueuedAppend[] {
    const set: QueuedAppend[] = [];
    if (this.#conditionalTaken > 0) return set;
    let events = 0;
    let bytes = 0;
    const released = this.#released.sort((left, right) => left.arrival - right.arrival);
    this.#released = [];
    let nextReleased = 0;
    for (;;) {
      const fresh = this.#peekReady();
      while (released[nextReleased]?.gone === true) nextReleased += 1;
      const late = released[nextReleased];
      const isLate = late !== undefined && (fresh === undefined || late.arrival < fresh.arrival);
      const entry = isLate ? late : fresh;
      if (entry === undefined) break;
      events += entry.waiting.events;
      bytes += entry.waiting.bytes;
      const firstConditional = this.#firstConditional();
      const fits = events <= most.events && bytes <= most.bytes && entry.arrival < firstConditional;
      if (set.length > 0 && !fits) break;
      const isConditional = entry.arrival === firstConditional;
      // What came before it waits behind others, or is in flight itself.
      if (entry.arrival > firstConditional || (isConditional && this.#taken > 0)) break;
      if (isLate) nextReleased += 1;
      else this.#next += 1;
      if (isConditional) this.#conditionalTaken += 1;
      entry.gone = true;
      this.#count(entry.waiting, -1);
      set.push(entry);
    }
    if (nextReleased < released.length) this.#released = released.slice(nextReleased);
    this.#taken += set.length;
    return set;
  }

  /** Lets go of the claims of appends that were taken and have been answered. */
  release(set: readonly QueuedAppend[]): void {
    for (const entry of set) {
      if (entry.waiting.call.conditions.length > 0) this.#conditionalTaken -= 1;
      this.#letGo(entry);
    }
    this.#taken -= set.length;
  }

  #firstConditional(): number {
    while (this.#conditional[0]?.gone === true) this.#conditional.shift();
    return this.#conditional[0]?.arrival ?? Infinity;
  }

  #peekReady(): QueuedAppend | undefined {
    while (this.#ready[this.#next]?.gone === true) this.#next += 1;
    const entry = this.#ready[this.#next];
    if (entry === undefined || this.#next > 10_000) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    return entry;
  }

  #letGo(entry: QueuedAppend): void {
    const leaving = [entry];
    for (let left = leaving.pop(); left !== undefined; left = leaving.pop()) {
      for (const claim of left.claims)
        if (this.#lastClaims.get(claim) === left) this.#lastClaims.delete(claim);
      for (const follower of left.followers ?? []) {
        follower.blockers -= 1;
        if (follower.blockers === 0) (follower.gone ? leaving : this.#released).push(follower);
      }
    }
  }

  #count({ events, bytes }: AppendSize, sign: 1 | -1): void {
    this.#waiting += sign;
    this.#events += sign * events;
    this.#bytes += sign * bytes;
  }
}

/** What must not be in flight twice. No name contains a zero byte. */
function claimsOf({ tenant, streams, idempotency }: AppendCall): string[] {
  const claims = streams.map(({ streamId }) => (tenant === "" ? streamId : `${tenant}\0${streamId}`));
  if (idempotency !== null)
    claims.push(`${tenant}\0${idempotency.identity.principal}\0${idempotency.identity.key}`);
  return claims;
}
