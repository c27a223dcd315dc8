// Started by fold-first-rows.test.ts: rebuilds "balances" with all of its rows in one flush.
import { bigint, defineEvent, defineFoldProjection, defineTable, EventSerializer } from "@tidemark/framework";
import { integer, ProjectionSupervisor, text } from "@tidemark/framework";
import { PostgresEventStore, PostgresProjectionStore } from "@tidemark/framework/postgres";

const [connectionString] = process.argv.slice(2);

const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "bank",
  fields: [
    { name: "cents", type: "long" },
    { name: "to", type: "string" },
  ],
});

const balances = defineFoldProjection({
  name: "balances",
  version: 1,
  events: [Moved],
  table: defineTable(
    "balances",
    { account_id: text(), cents: bigint(), moves: integer() },
    { primaryKey: ["account_id"], indexes: [["cents"]] },
  ),
  keys: (event) => event.data.to,
  fold: {
    Moved: (row, { data }, account_id) => ({
      account_id,
      cents: (row?.cents ?? 0n) + data.cents,
      moves: (row?.moves ?? 0) + 1,
    }),
  },
});

const eventStore = new PostgresEventStore({ connectionString });
const store = new PostgresProjectionStore({ connectionString });
await eventStore.open();
await store.open();
const supervisor = new ProjectionSupervisor({
  definitions: [balances],
  eventStore,
  serializer: new EventSerializer([Moved]),
  store,
  applicationName: "first-rows-process",
  leaseMs: 600,
});
const { schema } = await supervisor.rebuild("balances");
console.log(`activated ${schema}`);
await supervisor.close();
await store.close();
await eventStore.close();
