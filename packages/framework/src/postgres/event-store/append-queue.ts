import type { AppendOutcome } from "../../event-store/event-store.ts";
import type { AppendCall } from "./append-statement.ts";

export interface AppendSize {
  readonly events: number;
  readonly bytes: number;
}

/** An append on its way; `settle` and `fail` answer its caller. */
export interface WaitingAppend {
  readonly call: AppendCall;
  readonly size: AppendSize;
  readonly settle: (outcome: AppendOutcome) => void;
  readonly fail: (error: unknown) => void;
}

interface Entry {
  readonly waiting: WaitingAppend;
  readonly arrival: number;
  readonly claims: readonly string[];
  /** Later appends that share a claim with this one, each once for every claim. */
  readonly followers: Entry[];
  /** Claims that an earlier append has to let go first. */
  blockers: number;
  gone: boolean;
}

/**
 * Appends that wait for their set, in the order of their arrival. Appends to one stream, or under one idempotency key,
 * never share a set and never overtake each other; one with conditions begins a set, so that it sees what every append
 * before it did. Adding, taking and removing cost the same however many wait.
 */
export class AppendQueue {
  readonly #lastClaims = new Map<string, Entry>();
  /** Nothing stands before these, in the order of arrival; those before `#next` are taken. */
  #ready: Entry[] = [];
  #next = 0;
  /** The same, of those that had to wait for an earlier one. */
  #released: Entry[] = [];
  /** Those with conditions, in the order of arrival: nobody who came later goes before the first of them. */
  #conditional: Entry[] = [];
  #arrivals = 0;
  #waiting = 0;
  #events = 0;
  #bytes = 0;

  get length(): number {
    return this.#waiting;
  }

  get size(): AppendSize {
    return { events: this.#events, bytes: this.#bytes };
  }

  /** @returns takes the append out again if it still waits, and says whether it did. */
  add(waiting: WaitingAppend): () => boolean {
    const claims = claimsOf(waiting.call);
    const arrival = this.#arrivals;
    const entry: Entry = { waiting, arrival, claims, followers: [], blockers: 0, gone: false };
    this.#arrivals += 1;
    for (const claim of claims) {
      const before = this.#lastClaims.get(claim);
      if (before !== undefined) {
        before.followers.push(entry);
        entry.blockers += 1;
      }
      this.#lastClaims.set(claim, entry);
    }
    if (entry.blockers === 0) this.#ready.push(entry);
    if (waiting.call.conditions.length > 0) this.#conditional.push(entry);
    this.#count(waiting, 1);
    return () => {
      if (entry.gone) return false;
      this.#drop(entry);
      return true;
    };
  }

  /** The longest-waiting appends that may share a set, at least one; a single one beyond `most` goes alone. */
  take(most: AppendSize): WaitingAppend[] {
    const set: Entry[] = [];
    let events = 0;
    let bytes = 0;
    // Whoever is let go by this set shares a claim with it: the next set is the first that may have him.
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
      const { size } = entry.waiting;
      events += size.events;
      bytes += size.bytes;
      const fits = events <= most.events && bytes <= most.bytes && entry.arrival < this.#firstConditional();
      if (set.length > 0 && !fits) break;
      if (isLate) nextReleased += 1;
      else this.#next += 1;
      set.push(entry);
      this.#drop(entry);
    }
    for (const entry of released.slice(nextReleased)) this.#released.push(entry);
    return set.map(({ waiting }) => waiting);
  }

  #firstConditional(): number {
    while (this.#conditional[0]?.gone === true) this.#conditional.shift();
    return this.#conditional[0]?.arrival ?? Infinity;
  }

  #peekReady(): Entry | undefined {
    while (this.#ready[this.#next]?.gone === true) this.#next += 1;
    const entry = this.#ready[this.#next];
    if (entry === undefined || this.#next > 10_000) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    return entry;
  }

  /** One that was given up behind another keeps its place until that one is taken: who follows it must wait, too. */
  #drop(entry: Entry): void {
    entry.gone = true;
    this.#count(entry.waiting, -1);
    const leaving = entry.blockers === 0 ? [entry] : [];
    for (let left = leaving.pop(); left !== undefined; left = leaving.pop()) {
      for (const claim of left.claims)
        if (this.#lastClaims.get(claim) === left) this.#lastClaims.delete(claim);
      for (const follower of left.followers) {
        follower.blockers -= 1;
        if (follower.blockers === 0) (follower.gone ? leaving : this.#released).push(follower);
      }
    }
  }

  #count({ size }: WaitingAppend, sign: 1 | -1): void {
    this.#waiting += sign;
    this.#events += sign * size.events;
    this.#bytes += sign * size.bytes;
  }
}

/** What must not occur twice in one set. No name contains a zero byte. */
function claimsOf({ tenant, streams, idempotency }: AppendCall): string[] {
  const claims = streams.map(({ streamId }) => `${tenant}\0${streamId}`);
  if (idempotency === null) return claims;
  const { principal, key } = idempotency.identity;
  return [...claims, `${tenant}\0${principal}\0${key}`];
}
