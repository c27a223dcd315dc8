export { eventually, type EventuallyOptions } from "./eventually.ts";
export { inMemoryEventStore, type InMemoryEventStoreOptions } from "./in-memory-event-store.ts";
export { eventStoreContract } from "./event-store-contract.ts";
export type { TestRunner } from "./event-store-contract/contract-suite.ts";
export { testAggregate } from "./test-aggregate.ts";
export { testFold, testProjection, type ProjectionTest } from "./test-projection.ts";
export {
  startKurrentDbTestNode,
  type KurrentDbTestNode,
  type KurrentDbTestNodeOptions,
} from "./kurrentdb-node/start-kurrentdb-test-node.ts";
export type { NodeClock } from "./kurrentdb-node/node-clock.ts";
export type { InjectedFault, NodeFault, NodeFaults } from "./kurrentdb-node/node-faults.ts";
