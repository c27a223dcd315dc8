export { eventually, type EventuallyOptions } from "./eventually.ts";
export { inMemoryEventStore, type InMemoryEventStoreOptions } from "./in-memory-event-store.ts";
