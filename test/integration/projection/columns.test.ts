import { randomUUID } from "node:crypto";
import {
  bigint,
  boolean,
  date,
  defineEvent,
  defineFoldProjection,
  defineTable,
  EventSerializer,
  formatConsistencyToken,
  integer,
  jsonb,
  nullable,
  numeric,
  ProjectionSupervisor,
  readModel,
  text,
  timestamptz,
  uuid,
} from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { inMemoryEventStore, testProjection } from "@tidemark/framework/testing";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

const Noticed = defineEvent({
  type: "record",
  name: "Noticed",
  namespace: "test",
  fields: [{ name: "note", type: "string" }],
});

let database: TestDatabase;
let store: PostgresProjectionStore;
beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  store = new PostgresProjectionStore({ connectionString: database.connectionString });
  await store.open();
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const columns = {
  id: uuid(),
  day: date(),
  note: text(),
  small: integer(),
  large: bigint(),
  exact: numeric(),
  flag: boolean(),
  at: timestamptz(),
  doc: jsonb<{ readonly list: readonly number[]; readonly name: string | null }>(),
  no_note: nullable(text()),
  no_large: nullable(bigint()),
  no_exact: nullable(numeric()),
  no_doc: nullable(jsonb<string>()),
};

describe("columns", () => {
  test("of every type keep their value, also on the way back into a fold", async () => {
    const seen: unknown[] = [];
    const first = {
      id: "0198c7e2-7d3c-7000-8000-00000000abcd",
      day: "2026-02-28",
      note: `"quoted", {braced}, \\ back, 'single', NULL, ünï 💰 and\nlines`,
      small: -2_147_483_648,
      large: 2n ** 63n - 1n,
      exact: { unscaled: -(10n ** 37n) - 1n, scale: 5 },
      flag: true,
      at: new Date("2026-11-20T18:54:00.123Z"),
      doc: { list: [1, 2.5, -3], name: null },
      no_note: null,
      no_large: null,
      no_exact: null,
      no_doc: null,
    };
    const second = {
      ...first,
      flag: false,
      no_note: "",
      no_large: -1n,
      no_exact: { unscaled: 0n, scale: 2 },
      no_doc: "x",
    };
    const projection = defineFoldProjection({
      name: "columns",
      version: 1,
      events: [Noticed],
      table: defineTable("things", columns, { primaryKey: ["id", "day"], indexes: [["small", "note"]] }),
      keys: ({ data }) => ({
        id: data.note === "other" ? first.id.replace("0", "1") : first.id.toUpperCase(),
        day: first.day,
      }),
      fold: {
        Noticed: (row) => {
          seen.push(row);
          return row === undefined ? first : second;
        },
      },
    });
    const eventStore = inMemoryEventStore();
    const serializer = new EventSerializer([Noticed]);
    const applicationName = "columns";
    for (const note of ["first", "second", "third"]) {
      const context = {
        correlationId: null,
        causationId: null,
        metadata: { actor: null, traceparent: null, user: {} },
      };
      const event = serializer.encode(Noticed({ note }), randomUUID(), context);
      const outcome = await eventStore.append("thing-1", [event]);
      expect(outcome.status).toBe("appended");
      // A new projector has nothing in memory: it loads the row.
      const definitions = [projection];
      await using supervisor = new ProjectionSupervisor({
        definitions,
        eventStore,
        serializer,
        store,
        applicationName,
      });
      await supervisor.start();
      await supervisor.whenReady();
      await supervisor.query(projection, {
        consistencyToken: formatConsistencyToken(eventStore.storeId, await eventStore.head()),
      });
    }
    const build = (await store.builds()).find(({ build }) => build.projection === "columns")?.build;
    if (build === undefined) throw new Error("there is no build");
    const {
      rows: [row],
    } = await sql`select * from ${sql.id(build.schema, "things")}`.execute(store.database(build));
    const stored = {
      exact: "-100000000000000000000000000000000.00001",
      no_exact: "0.00",
      _position: 3n,
    };
    expect(row).toEqual({ ...second, ...stored });
    expect(seen).toEqual([undefined, first, second]);
  });
});

describe("testProjection", () => {
  test("runs a projection of the handlers form on a real database", async () => {
    interface Tables {
      notes: { id: string; note: string };
    }
    const notes = readModel<Tables>().defineProjection({
      name: "notes",
      version: 1,
      events: [Noticed],
      migrations: [
        {
          name: "create notes",
          up: (db) =>
            db.schema.createTable("notes").addColumn("id", "uuid").addColumn("note", "text").execute(),
        },
      ],
      project: {
        Noticed: (tx, { eventId, data }) =>
          tx.insertInto("notes").values({ id: eventId, note: data.note }).execute(),
      },
    });
    await using under = await testProjection(notes, { store });
    await under.given("thing-1", Noticed({ note: "one" }), Noticed({ note: "two" }));
    await under.given("thing-2", Noticed({ note: "three" }));
    const rows = await under.db.selectFrom("notes").select("note").execute();
    expect(rows.map(({ note }) => note)).toEqual(["one", "two", "three"]);
  });
});
