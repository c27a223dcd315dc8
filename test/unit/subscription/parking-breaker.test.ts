import { describe, expect, test } from "vitest";
import { ParkingBreaker } from "../../../packages/framework/src/subscription/parking-breaker.ts";

function breaker(limits: { maxParkedSequences?: number; maxFailingShare?: number } = {}) {
  const clock = { now: 0 };
  const made = new ParkingBreaker(
    { maxParkedSequences: 100, maxFailingShare: 0.2, ...limits },
    () => clock.now,
  );
  return { made, clock };
}

describe("the breaker against parking everything", () => {
  test("lets sequences be parked up to the limit", () => {
    const { made } = breaker({ maxParkedSequences: 3, maxFailingShare: 1 });
    expect(made.refusal("a", 2)).toBeNull();
    expect(made.refusal("b", 3)).toBe("3 sequences are parked already, and 3 may be");
  });

  test("opens when more than the share of a minute's sequences failed, not before five did", () => {
    const { made } = breaker();
    for (const name of ["a", "b", "c", "d"]) expect(made.refusal(name, 0)).toBeNull();
    expect(made.refusal("e", 4)).toBe("5 of 5 sequences failed within a minute");
  });

  test("counts the sequences that were handled meanwhile, each once", () => {
    const { made } = breaker();
    made.refusal("a", 0);
    expect(made.watching).toBe(true);
    for (let index = 0; index < 60; index += 1) made.handled(`fine ${index % 20}`);
    for (const name of ["b", "c", "d", "e"]) expect(made.refusal(name, 0)).toBeNull();
    expect(made.refusal("f", 0)).toBe("6 of 26 sequences failed within a minute");
  });

  test("counts a sequence that fails again once", () => {
    const { made } = breaker();
    for (let again = 0; again < 20; again += 1) expect(made.refusal("a", 0)).toBeNull();
  });

  test("forgets after a minute, and wants to know nothing more", () => {
    const { made, clock } = breaker();
    for (const name of ["a", "b", "c", "d"]) made.refusal(name, 0);
    clock.now = 60_001;
    expect(made.watching).toBe(false);
    expect(made.refusal("e", 0)).toBeNull();
  });

  test("stops watching once no number of successes could change its answer", () => {
    const { made } = breaker({ maxParkedSequences: 10, maxFailingShare: 0.5 });
    made.refusal("a", 0);
    for (let index = 0; index < 20; index += 1) made.handled(`fine ${index}`);
    expect(made.watching).toBe(false);
  });
});
