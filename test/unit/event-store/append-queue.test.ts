import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AppendQueue,
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
    size: { events, bytes: events },
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
  test("hands each out once, in order for each stream and key, never two of one in a set", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ append: planned, givenUp: fc.boolean(), takeAfter: fc.boolean() }), {
          maxLength: 40,
        }),
        (steps) => {
          const queue = new AppendQueue();
          const sets: WaitingAppend[][] = [];
          const arrivals = new Map<WaitingAppend, number>();
          const expected = new Set<WaitingAppend>();
          const leaves: (() => void)[] = [];
          const take = () => {
            const set = queue.take({ events: 6, bytes: 6 });
            expect(set.length).toBeGreaterThan(0);
            sets.push(set);
          };
          steps.forEach(({ append, givenUp, takeAfter }, index) => {
            const entry = waiting(append);
            arrivals.set(entry, index);
            expected.add(entry);
            const leave = queue.add(entry);
            if (givenUp) leaves.push(() => leave() && expected.delete(entry));
            if (index % 5 === 4) for (const go of leaves.splice(0)) go();
            if (takeAfter && queue.length > 0) take();
          });
          for (const go of leaves) go();
          while (queue.length > 0) take();
          expect(queue.size).toEqual({ events: 0, bytes: 0 });
          const taken = sets.flat();
          expect(taken.length).toBe(expected.size);
          expect(new Set(taken)).toEqual(expected);
          const last = new Map<string, number>();
          let latest = -1;
          for (const set of sets) {
            const claims = set.flatMap(({ call }) => claimsOf(call));
            expect(new Set(claims).size).toBe(claims.length);
            const size = set.reduce((sum, entry) => sum + entry.size.events, 0);
            expect(set.length === 1 || size <= 6).toBe(true);
            set.forEach((entry, place) => {
              const arrival = arrivals.get(entry) ?? -1;
              for (const claim of claimsOf(entry.call)) {
                expect(arrival).toBeGreaterThan(last.get(claim) ?? -1);
                last.set(claim, arrival);
              }
              // Everything that came before one with conditions was taken before it, nothing that came after.
              if (entry.call.conditions.length > 0) {
                expect(place).toBe(0);
                expect(arrival).toBeGreaterThan(latest);
              }
              latest = Math.max(latest, arrival);
            });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("stays cheap with 20,000 in it, and with 20,000 given up behind one another", () => {
    const queue = new AppendQueue();
    const startedAt = performance.now();
    for (let n = 0; n < 20_000; n += 1)
      queue.add(waiting({ stream: n, key: null, conditional: false, events: 1 }));
    let sets = 0;
    while (queue.length > 0) sets += queue.take({ events: 1_000, bytes: 1e9 }).length > 0 ? 1 : 0;
    expect(sets).toBe(20);
    const leaves = Array.from({ length: 20_000 }, () =>
      queue.add(waiting({ stream: 1, key: null, conditional: false, events: 1 })),
    );
    for (const leave of leaves.slice(1)) expect(leave()).toBe(true);
    expect(queue.take({ events: 1_000, bytes: 1e9 })).toHaveLength(1);
    expect(leaves[0]?.()).toBe(false);
    expect(queue.length).toBe(0);
    // Far from what a walk over the queue for each set or each append that is given up would take.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

function claimsOf({ streams, idempotency }: WaitingAppend["call"]): string[] {
  const claims = streams.map(({ streamId }) => streamId);
  return idempotency === null ? claims : [...claims, idempotency.identity.key];
}
