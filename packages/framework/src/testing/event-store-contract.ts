import type { EventStore } from "../event-store/event-store.ts";
import { appendConditionsContract } from "./event-store-contract/append-conditions-contract.ts";
import { appendContract } from "./event-store-contract/append-contract.ts";
import { appendInputContract } from "./event-store-contract/append-input-contract.ts";
import type { ContractSuite, TestRunner } from "./event-store-contract/contract-suite.ts";
import { deleteStreamContract } from "./event-store-contract/delete-stream-contract.ts";
import { erasureContract } from "./event-store-contract/erasure-contract.ts";
import { eventIdContract } from "./event-store-contract/event-id-contract.ts";
import { idempotencyContract } from "./event-store-contract/idempotency-contract.ts";
import { missingCapabilityContract } from "./event-store-contract/missing-capability-contract.ts";
import { multiStreamContract } from "./event-store-contract/multi-stream-contract.ts";
import { readLogContract } from "./event-store-contract/read-log-contract.ts";
import { readStreamContract } from "./event-store-contract/read-stream-contract.ts";
import { streamMetadataContract } from "./event-store-contract/stream-metadata-contract.ts";
import { subscribeContract } from "./event-store-contract/subscribe-contract.ts";
import { takesKeys } from "./event-store-contract/takes-keys.ts";

/**
 * The tests that every event store passes: a common part, and for each capability one part that the store has it,
 * or that it refuses what needs it.
 *
 * @param runner `describe` and `it` of Vitest, Jest, Mocha or node:test
 * @param makeStore gives an opened, empty store of its own to each test; the suite closes it. Its log may hold events
 * that are not the store's own
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
    const only =
      (applies: (store: EventStore) => boolean | Promise<boolean>, suffix: string): ContractSuite["test"] =>
      (title, test) =>
        it(
          `${title}${suffix}`,
          withStore(async (store) => {
            if (await applies(store)) await test(store);
          }),
        );
    const suite: ContractSuite = {
      test: only(() => true, ""),
      having: (capability) => only(({ capabilities }) => capabilities[capability], ` (${capability})`),
      lacking: (capability) => only(({ capabilities }) => !capabilities[capability], ` (no ${capability})`),
    };
    describe("append", () => appendContract(suite));
    describe("input of an append", () => appendInputContract(suite));
    describe("event ids", () => eventIdContract(suite));
    describe("reads of a stream", () => readStreamContract(suite));
    describe("reads of the log", () => readLogContract(suite));
    describe("subscribe", () => subscribeContract(suite));
    describe("stream metadata", () => streamMetadataContract(suite));
    describe("deletion", () => deleteStreamContract(suite));
    describe("several streams", () => multiStreamContract(suite));
    describe("append conditions", () => appendConditionsContract(suite));
    describe("idempotency", () => idempotencyContract({ ...suite, test: only(takesKeys, " (keys)") }));
    describe("erasure", () => erasureContract(suite));
    describe("what the store lacks", () => missingCapabilityContract(suite));
  });
}
