import { SubscriberLimit } from "@tidemark/framework";
import { expect, test } from "vitest";

test("a limit of subscribers refuses the one too many with 429, until one has left", () => {
  const limit = new SubscriberLimit({ most: 2 });
  const first = limit.admit();
  limit.admit();
  expect(() => limit.admit()).toThrow(
    expect.objectContaining({
      code: "too-many-subscribers",
      status: 429,
      retryable: true,
      details: { retryAfterSeconds: 5 },
    }),
  );
  first.leave();
  first.leave();
  expect(limit.count).toBe(1);
  limit.admit();
  expect(() => limit.admit()).toThrow("2 readers follow the log in this process");
});

test("a limit of one principal leaves places for the others", () => {
  const limit = new SubscriberLimit({ most: 3, mostOfOne: 1 });
  const first = limit.admit("ada");
  expect(() => limit.admit("ada")).toThrow("1 readers of this principal");
  limit.admit("bob");
  first.leave();
  limit.admit("ada");
  expect(limit.count).toBe(2);
});
