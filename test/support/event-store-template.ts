import { PostgresEventStore, type PostgresEventStoreOptions } from "@tidemark/framework/postgres";
import type { DatabaseTemplate } from "./test-database.ts";

/** A database with the framework's tables; every clone has the same store id. */
export const eventStoreTemplate: DatabaseTemplate = {
  name: "event_store",
  create: async (connectionString) => {
    const store = new PostgresEventStore({ connectionString });
    await store.open();
    await store.close();
  },
};

export async function openStore(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
  const store = new PostgresEventStore(options);
  await store.open();
  return store;
}
