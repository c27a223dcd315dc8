import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../../packages/framework/src/on-abort.ts";

test("each that waits is called once, in order, over one listener of the signal", () => {
  const controller = new AbortController();
  const called: number[] = [];
  const leave = Array.from({ length: 100 }, (_, n) => onAbort(controller.signal, () => called.push(n)));
  leave.forEach((left, n) => n % 2 === 1 && left());
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort();
  controller.abort();
  expect(called).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n));
});

test("the same function may wait twice, and leaves once", () => {
  const controller = new AbortController();
  let calls = 0;
  const listener = (): void => void (calls += 1);
  const leave = onAbort(controller.signal, listener);
  onAbort(controller.signal, listener);
  leave();
  leave();
  controller.abort();
  expect(calls).toBe(1);
});

test("without a signal nothing is waited for", () => {
  expect(() => onAbort(undefined, () => {})()).not.toThrow();
});
