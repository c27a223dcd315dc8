import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AppendQueue,
  type QueuedAppend,
  type WaitingAppend,
} from "../../../packages/framework/src/postgres/event-store/append-queue.ts";

interface Planned {
  readonly stream: number;
  readonly key: number | null;
  readonly conditional: boolean;
  readonly events: number;
}

const ignored = () => {};

function waiting({ stream, key, conditional, events }: Planned): WaitingAppend {
  const identity = { tenant: "", principal: "p", key: String(key) };
  const entry = { identity, requestHash: Buffer.alloc(32), body: Buffer.alloc(0), timeToLiveMs: 1 };
  return {
    call: {
      tenant: "",
      streams: [{ streamId: `account-${stream}`, events: [] }],
      idempotency: key === null ? null : entry,
      conditions: conditional ? [{ filter: {}, noEventAfter: 0n }] : [],
    },
    events,
    bytes: events,
    settle: ignored,
    fail: ignored,
  };
}

const planned = fc.record({
  stream: fc.integer({ min: 0, max: 5 }),
  key: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 }),
  conditional: fc.integer({ min: 0, max: 5 }).map((die) => die === 0),
  events: fc.integer({ min: 1, max: 4 }),
});

describe("the queue of appends", () => {
  test("hands each out once, in order for each stream and key, never two of one at once", () => {
    const step = fc.record({
      append: planned,
      givenUp: fc.boolean(),
      take: fc.boolean(),
      // The places of the sets in flight that are answered now.
      answered: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new AppendQueue();
        const inFlight: QueuedAppend[][] = [];
        const taken: WaitingAppend[] = [];
        const arrivals = new Map<WaitingAppend, number>();
        const expected = new Set<WaitingAppend>();
        const givenUp: (() => void)[] = [];
        const last = new Map<string, number>();
        let latest = -1;
        const take = () => {
          const set = queue.take({ events: 6, bytes: 6 });
          if (inFlight.length === 0 && queue.length > 0) expect(set.length).toBeGreaterThan(0);
          if (set.length === 0) return;
          const size = set.reduce((sum, { waiting: { events } }) => sum + events, 0);
          expect(set.length === 1 || size <= 6).toBe(true);
          set.forEach(({ waiting: entry }, place) => {
            const arrival = arrivals.get(entry) ?? -1;
            for (const claim of claimsOf(entry.call)) {
              expect(arrival).toBeGreaterThan(last.get(claim) ?? -1);
              last.set(claim, arrival);
            }
            // Everything that came before one with conditions was answered before it, nothing that came after was sent.
            if (entry.call.conditions.length > 0) {
              expect(place).toBe(0);
              expect(inFlight).toHaveLength(0);
              expect(arrival).toBeGreaterThan(latest);
            }
            latest = Math.max(latest, arrival);
            taken.push(entry);
          });
          inFlight.push(set);
          const claims = inFlight.flat().flatMap(({ waiting: { call } }) => claimsOf(call));
          expect(new Set(claims).size).toBe(claims.length);
          const conditional = inFlight.flat().filter(({ waiting: { call } }) => call.conditions.length > 0);
          expect(conditional.length === 0 || inFlight.length === 1).toBe(true);
        };
        const answer = (place: number) => {
          for (const set of inFlight.splice(place, 1)) queue.release(set);
        };
        steps.forEach(({ append, givenUp: isGivenUp, take: isTaken, answered }, index) => {
          const entry = waiting(append);
          arrivals.set(entry, index);
          expected.add(entry);
          const queued = queue.add(entry);
          if (isGivenUp) givenUp.push(() => queue.giveUp(queued) && expected.delete(entry));
          if (index % 5 === 4) for (const go of givenUp.splice(0)) go();
          if (isTaken) take();
          for (const place of answered) answer(place);
        });
        for (const go of givenUp) go();
        while (queue.length > 0 || inFlight.length > 0) {
          take();
          answer(0);
        }
        expect(queue.size).toEqual({ events: 0, bytes: 0 });
        expect(taken.length).toBe(expected.size);
        expect(new Set(taken)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("stays cheap with 20,000 in it, and with 20,000 given up behind one another", () => {
    const queue = new AppendQueue();
    const startedAt = performance.now();
    for (let n = 0; n < 20_000; n += 1)
      queue.add(waiting({ stream: n, key: null, conditional: false, events: 1 }));
    let sets = 0;
    while (queue.length > 0) {
      const set = queue.take({ events: 1_000, bytes: 1e9 });
      queue.release(set);
      sets += 1;
    }
    expect(sets).toBe(20);
    const entries = Array.from({ length: 20_000 }, () =>
      queue.add(waiting({ stream: 1, key: null, conditional: false, events: 1 })),
    );
    for (const entry of entries.slice(1)) expect(queue.giveUp(entry)).toBe(true);
    const set = queue.take({ events: 1_000, bytes: 1e9 });
    expect(set).toHaveLength(1);
    for (const entry of set) expect(queue.giveUp(entry)).toBe(false);
    queue.release(set);
    expect(queue.length).toBe(0);
    // Far from what a walk over the queue for each set or each append that is given up would take.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

function claimsOf({ streams, idempotency }: WaitingAppend["call"]): string[] {
  const claims = streams.map(({ streamId }) => streamId);
  return idempotency === null ? claims : [...claims, idempotency.identity.key];
}
