export { connectKurrentDb, type KurrentDbConnection } from "./connect-kurrentdb.ts";
export { kurrentDbAddress, type KurrentDbAddress } from "./kurrentdb-address.ts";
export type { KurrentDbClient } from "./kurrentdb-client.ts";
export { KurrentDbEventStore } from "./kurrentdb-event-store.ts";
export type { KurrentDbEventStoreOptions } from "./kurrentdb-event-store-options.ts";
export { kurrentDbStorage, type KurrentDbStorageOptions } from "./kurrentdb-storage.ts";
