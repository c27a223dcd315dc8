import type { EventStore, EventStoreCapabilities } from "../../event-store/event-store.ts";

/** What the suite needs of a test runner. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, test: () => Promise<void>) => unknown;
}

type DefineTest = (title: string, test: (store: EventStore) => Promise<void>) => unknown;

/** Defines tests that each get an empty store of their own. */
export interface ContractSuite {
  readonly test: DefineTest;
  /** Tests of stores that have a capability; on others they check nothing. */
  readonly having: (capability: keyof EventStoreCapabilities) => DefineTest;
  /** Tests of stores that lack it. */
  readonly lacking: (capability: keyof EventStoreCapabilities) => DefineTest;
}
