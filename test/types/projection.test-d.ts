import {
  bigint,
  date,
  defineEvent,
  defineFoldProjection,
  defineTable,
  nullable,
  numeric,
  readModel,
  text,
  timestamptz,
  type ProjectionSupervisor,
} from "@tidemark/framework";
import type { Decimal } from "@tidemark/schema-registry/avro";
import { expectTypeOf } from "vitest";

const Opened = defineEvent({
  type: "record",
  name: "Opened",
  namespace: "bank",
  fields: [{ name: "owner", type: "string" }],
});
const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "bank",
  fields: [
    { name: "cents", type: "long" },
    { name: "to", type: "string" },
  ],
});

const accounts = defineTable(
  "accounts",
  {
    account_id: text(),
    owner: text(),
    cents: bigint(),
    total: numeric(),
    opened_at: timestamptz(),
    closed_on: nullable(date()),
  },
  { primaryKey: ["account_id"], indexes: [["owner"]] },
);

const balances = defineFoldProjection({
  name: "balances",
  version: 1,
  events: [Opened, Moved],
  table: accounts,
  keys: (event) => (event.type === "Moved" ? [event.aggregateId, event.data.to] : event.aggregateId),
  fold: {
    Opened: (row, event, key) => {
      expectTypeOf(key).toEqualTypeOf<string>();
      expectTypeOf(event.data).toEqualTypeOf<{ owner: string }>();
      expectTypeOf(row?.total).toEqualTypeOf<Decimal | undefined>();
      return {
        account_id: key,
        owner: event.data.owner,
        cents: 0n,
        total: { unscaled: 0n, scale: 2 },
        opened_at: event.recordedAt,
        closed_on: null,
      };
    },
    Moved: (row, event) => {
      expectTypeOf(event.data.cents).toEqualTypeOf<bigint>();
      return row === undefined ? null : { ...row, cents: row.cents + event.data.cents };
    },
  },
});

export async function fromFold(supervisor: ProjectionSupervisor) {
  const { db } = await supervisor.query(balances);
  const row = await db.selectFrom("accounts").selectAll().executeTakeFirstOrThrow();
  expectTypeOf(row.total).toEqualTypeOf<string>();
  expectTypeOf(row.cents).toEqualTypeOf<bigint>();
  expectTypeOf(row.closed_on).toEqualTypeOf<string | null>();
  expectTypeOf(row._position).toEqualTypeOf<bigint>();
  // @ts-expect-error: not a table of this projection
  db.selectFrom("balances");
}

export const composite = defineFoldProjection({
  name: "composite",
  version: 1,
  events: [Moved],
  table: defineTable(
    "entries",
    { account: text(), currency: text(), cents: bigint() },
    { primaryKey: ["account", "currency"] },
  ),
  keys: (event) => [{ account: event.data.to, currency: "EUR" }],
  fold: {
    Moved: (row, { data }, key) => {
      expectTypeOf(key).toEqualTypeOf<{ readonly account: string; readonly currency: string }>();
      return { ...key, cents: (row?.cents ?? 0n) + data.cents };
    },
  },
});

defineFoldProjection({
  name: "missing",
  version: 1,
  events: [Opened, Moved],
  table: accounts,
  keys: (event) => event.aggregateId,
  // @ts-expect-error: no function for Moved
  fold: { Opened: () => null },
});

defineFoldProjection({
  name: "unknown",
  version: 1,
  events: [Opened],
  table: accounts,
  keys: (event) => event.aggregateId,
  fold: {
    Opened: () => null,
    // @ts-expect-error: Moved is none of its events
    Moved: () => null,
  },
});

defineFoldProjection({
  name: "wrong-column",
  version: 1,
  events: [Opened],
  table: defineTable("t", { id: text(), n: bigint() }, { primaryKey: ["id"] }),
  keys: (event) => event.aggregateId,
  fold: {
    // @ts-expect-error: n is a bigint
    Opened: (_, __, id) => ({ id, n: 1 }),
  },
});

defineFoldProjection({
  name: "wrong-key",
  version: 1,
  events: [Opened],
  table: defineTable("t", { id: bigint() }, { primaryKey: ["id"] }),
  // @ts-expect-error: the key is a bigint
  keys: (event) => event.aggregateId,
  fold: { Opened: (_, __, id) => ({ id }) },
});

// @ts-expect-error: a nullable column cannot be a key
defineTable("t", { id: nullable(text()) }, { primaryKey: ["id"] });
// @ts-expect-error: a decimal has more than one spelling
defineTable("t", { id: numeric() }, { primaryKey: ["id"] });
// @ts-expect-error: there is no such column
defineTable("t", { id: text() }, { primaryKey: ["id"], indexes: [["name"]] });

interface Tables {
  deposits: { id: string; cents: bigint };
}

const deposits = readModel<Tables>().defineProjection({
  name: "deposits",
  version: 1,
  events: [Opened, Moved],
  migrations: [{ name: "create", up: (db) => db.schema.createTable("deposits").execute() }],
  partitionBy: (event) => event.streamId,
  project: {
    Opened: async () => {},
    Moved: (tx, { eventId, data }, { fencingToken }) => {
      expectTypeOf(fencingToken).toEqualTypeOf<bigint>();
      return tx.insertInto("deposits").values({ id: eventId, cents: data.cents }).execute();
    },
  },
});

export async function fromHandlers(supervisor: ProjectionSupervisor) {
  const { db } = await supervisor.query(deposits, { reads: [1, 2] });
  const row = await db.selectFrom("deposits").selectAll().executeTakeFirstOrThrow();
  expectTypeOf(row).toEqualTypeOf<{ id: string; cents: bigint }>();
}

readModel<Tables>().defineProjection({
  name: "missing",
  version: 1,
  events: [Opened, Moved],
  migrations: [],
  // @ts-expect-error: no function for Opened
  project: { Moved: async () => {} },
});

readModel<Tables>().defineProjection({
  name: "wrong-value",
  version: 1,
  events: [Moved],
  migrations: [],
  project: {
    // @ts-expect-error: cents is a bigint
    Moved: (tx, { eventId }) => tx.insertInto("deposits").values({ id: eventId, cents: "1" }).execute(),
  },
});
