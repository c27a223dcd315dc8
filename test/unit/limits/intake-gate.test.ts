import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IntakeGate } from "../../../packages/framework/src/intake/intake-gate.ts";

const one = { items: 1, bytes: 10 };

function gate(
  items: number,
  options: { bytes?: number; waiting?: number; whenFull?: "slow" | "reject" } = {},
) {
  const { bytes = Infinity, waiting = items, whenFull = "slow" } = options;
  return new IntakeGate({
    what: "letters",
    most: { items, bytes },
    mostWaiting: { items: waiting, bytes },
    whenFull,
  });
}

describe("a gate", () => {
  test("lets in what fits, and something larger only alone", () => {
    const narrow = gate(5, { bytes: 25 });
    expect([narrow.tryEnter(one), narrow.tryEnter(one), narrow.tryEnter(one)]).toEqual([true, true, false]);
    narrow.leave(one);
    narrow.leave(one);
    expect(narrow.tryEnter({ items: 1, bytes: 100 })).toBe(true);
    expect(narrow.tryEnter(one)).toBe(false);
  });

  test("that rejects says when to try again", async () => {
    const full = gate(1, { whenFull: "reject" });
    await full.enter(one);
    await expect(full.enter(one)).rejects.toMatchObject({
      code: "overloaded",
      status: 503,
      message: "1 letters already wait in this process: try again later.",
      details: { retryAfterSeconds: 1 },
    });
    expect(full.rejected).toBe(1);
  });

  test("that slows down lets its producers in by their order, and those that gave up not at all", async () => {
    const slow = gate(1, { waiting: 3 });
    await slow.enter(one);
    const order: string[] = [];
    const impatient = new AbortController();
    const enter = (name: string, signal?: AbortSignal) =>
      slow.enter(one, signal).then(() => order.push(name));
    const first = enter("first");
    const gaveUp = enter("gave up", impatient.signal);
    const last = enter("last");
    await expect(enter("too many")).rejects.toMatchObject({ code: "overloaded" });
    impatient.abort(new Error("impatient"));
    await expect(gaveUp).rejects.toThrow("impatient");
    slow.leave(one);
    await first;
    expect(slow.tryEnter(one)).toBe(false);
    slow.leave(one);
    await last;
    expect(order).toEqual(["first", "last"]);
    expect(slow.waiting).toEqual({ items: 0, bytes: 0 });
  });

  test("never has more inside or waiting than it may, and forgets nobody", async () => {
    const step = fc.record({ kind: fc.constantFrom("enter", "leave", "abort"), bytes: fc.nat(30) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const tested = gate(3, { bytes: 50, waiting: 4 });
        const inside: { items: number; bytes: number }[] = [];
        const outside: { controller: AbortController; done: Promise<void> }[] = [];
        for (const { kind, bytes } of steps) {
          const size = { items: 1, bytes };
          if (kind === "leave") {
            const gone = inside.shift();
            if (gone !== undefined) tested.leave(gone);
          } else if (kind === "abort") outside.shift()?.controller.abort(new Error("gave up"));
          else {
            const controller = new AbortController();
            const done = tested.enter(size, controller.signal).then(
              () => void inside.push(size),
              () => {},
            );
            outside.push({ controller, done });
          }
          await new Promise((resolve) => setImmediate(resolve));
          expect(tested.inside.items).toBe(inside.length);
          expect(inside.length).toBeLessThanOrEqual(3);
          expect(tested.waiting.items).toBeLessThanOrEqual(4);
          const bytesInside = inside.reduce((sum, each) => sum + each.bytes, 0);
          expect(tested.inside.bytes).toBe(bytesInside);
          expect(bytesInside).toBeLessThanOrEqual(50);
        }
        // Everybody who did not give up comes in at last.
        while (inside.length > 0) {
          const gone = inside.shift();
          if (gone !== undefined) tested.leave(gone);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect([tested.inside.items, tested.waiting.items]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });
});
