import type { EventStore } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";

async function typesIn(store: EventStore, types?: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { events } of store.readAll(types === undefined ? {} : { filter: { types } }))
    found.push(...events.map(({ type }) => type));
  return found;
}

/** Takes the database back to its first event, type and schema, and all connections down, as a restored backup does. */
async function restore(connectionString: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  await pool.query(
    `set session_replication_role = replica;
     delete from tidemark.events where position > 1;
     delete from tidemark.event_types where type_no > 1;
     delete from tidemark.event_schemas where schema_no > 1;
     select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await pool.end();
}

test("after a restore, numbers that now mean another type are neither written nor read", async () => {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  const { connectionString } = database;
  const store = await openStore({ connectionString, wakeup: "poll" });
  await store.append("account-1", sampleEvents(1, { type: "sample.First" }));
  await store.append("account-1", sampleEvents(1, { type: "sample.Lost" }));
  expect(await typesIn(store)).toEqual(["sample.First", "sample.Lost"]);

  await restore(connectionString);
  const other = await openStore({ connectionString, wakeup: "poll" });
  await other.append("account-2", sampleEvents(1, { type: "sample.Other" }));
  await store.append("account-3", sampleEvents(1, { type: "sample.Lost" })).catch(() =>
    // The first one after the restore may find its connection gone.
    store.append("account-3", sampleEvents(1, { type: "sample.Lost" })),
  );

  for (const reader of [store, other]) {
    expect(await typesIn(reader)).toEqual(["sample.First", "sample.Other", "sample.Lost"]);
    expect(await typesIn(reader, ["sample.Lost"])).toEqual(["sample.Lost"]);
    expect(await typesIn(reader, ["sample.Other"])).toEqual(["sample.Other"]);
  }
  await store.close();
  await other.close();
  await database.drop();
});
