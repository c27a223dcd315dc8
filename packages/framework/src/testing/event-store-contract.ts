import type { EventStore } from "../event-store/event-store.ts";
import { appendContract } from "./event-store-contract/append-contract.ts";
import type { ContractSuite, TestRunner } from "./event-store-contract/contract-suite.ts";
import { idempotencyContract } from "./event-store-contract/idempotency-contract.ts";
import { multiStreamContract } from "./event-store-contract/multi-stream-contract.ts";
import { readContract } from "./event-store-contract/read-contract.ts";
import { subscribeContract } from "./event-store-contract/subscribe-contract.ts";

/**
 * The tests that every event store passes: a common part, and one part for each capability that the store has.
 *
 * @param runner `describe` and `it` of Vitest, Jest, Mocha or node:test
 * @param makeStore gives an opened, empty store of its own to each test; the suite closes it
 * @example
 * import { describe, it } from "vitest";
 * eventStoreContract({ describe, it }, "my store", async () => {
 *   const store = new MyStore();
 *   await store.open();
 *   return store;
 * });
 */
export function eventStoreContract(
  runner: TestRunner,
  name: string,
  makeStore: () => Promise<EventStore>,
): void {
  const { describe, it } = runner;
  const withStore = (test: (store: EventStore) => Promise<void>) => async () => {
    const store = await makeStore();
    try {
      await test(store);
    } finally {
      await store.close();
    }
  };
  describe(`${name}: the event store contract`, () => {
    const suite: ContractSuite = { test: (title, test) => it(title, withStore(test)) };
    const needs = (capability: keyof EventStore["capabilities"]): ContractSuite => ({
      test: (title, test) =>
        it(
          `${title} (${capability})`,
          withStore(async (store) => {
            if (store.capabilities[capability]) await test(store);
          }),
        ),
    });
    describe("append", () => appendContract(suite));
    describe("read", () => readContract(suite));
    describe("subscribe", () => subscribeContract(suite, needs("commitOrderPositions")));
    describe("several streams", () => multiStreamContract(needs("multiStreamAppend")));
    describe("idempotency", () => idempotencyContract(needs("transactionalIdempotency")));
  });
}
