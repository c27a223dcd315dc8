import type { EventStore } from "../../event-store/event-store.ts";

/** What the suite needs of a test runner. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, test: () => Promise<void>) => unknown;
}

export interface ContractSuite {
  readonly test: (title: string, test: (store: EventStore) => Promise<void>) => unknown;
}
