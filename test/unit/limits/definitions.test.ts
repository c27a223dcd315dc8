import { defineSemaphore, defineSubscription } from "@tidemark/framework";
import { expect, test } from "vitest";
import { Opened } from "../../support/bank.ts";

test.each([
  [{ rateLimit: { requests: 0, per: "second" as const } }, /its rateLimit must allow a whole number/],
  [{ rateLimit: { requests: 5, per: 0 } }, /its rateLimit must have per/],
  [{ buffer: { bytes: 0 } }, /its buffer must have room for a byte/],
  [{ maxMessageBytes: 0 }, /its maxMessageBytes must be 1 or more/],
])("a definition with %j is refused", (options, message) => {
  expect(() =>
    defineSubscription({ name: "wrong", events: [Opened], ...options, handle: { Opened: () => {} } }),
  ).toThrow(message);
});

test("limits of single handlers name events of the subscription", () => {
  expect(() =>
    defineSubscription({
      name: "wrong",
      events: [Opened],
      // @ts-expect-error: no event of the subscription.
      limits: { Closed: { rateLimit: { requests: 1, per: "second" } } },
      handle: { Opened: () => {} },
    }),
  ).toThrow("its limits name Closed, which is none of its events");
});

test.each([
  [{ name: "Mail", permits: 1 }, /its name must be/],
  [{ name: "mail", permits: 0 }, /its permits must be a whole number/],
])("a semaphore like %j is refused", (semaphore, message) => {
  expect(() => defineSemaphore(semaphore)).toThrow(message);
});
