import { startKurrentDbTestNode } from "@tidemark/framework/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const node = await startKurrentDbTestNode();
const { clock } = node;

afterEach(() => node.reset());
afterAll(() => node.close());

describe("the node's clock", () => {
  it("runs with the system's until it is moved, and again after a reset", () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
    clock.set(new Date("2030-01-01T00:00:00Z"));
    expect(Math.abs(clock.now() - Date.parse("2030-01-01T00:00:00Z"))).toBeLessThan(100);
    node.reset();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
  });

  it("stands still when frozen, and fires due timers in their order as it is moved", () => {
    clock.freeze();
    const frozen = clock.now();
    const fired: string[] = [];
    clock.after(2_000, () => fired.push("second"));
    clock.after(1_000, () => fired.push("first"));
    const cancel = clock.after(1_500, () => fired.push("cancelled"));
    cancel();
    clock.advance(999);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual(["first"]);
    clock.advance(10_000);
    expect(fired).toEqual(["first", "second"]);
    expect(clock.now()).toBe(frozen + 11_000);
  });

  it("fires a timer by itself while it runs", async () => {
    const begun = performance.now();
    await new Promise<void>((resolve) => clock.after(30, resolve));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(28);
  });
});
