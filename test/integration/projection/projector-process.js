// Started by the tests as an application would be: runs the projection "balances" over the database it is given.
import { bigint, defineEvent, defineFoldProjection, defineTable, EventSerializer } from "@tidemark/framework";
import { integer, ProjectionSupervisor, text } from "@tidemark/framework";
import { PostgresEventStore, PostgresProjectionStore } from "@tidemark/framework/postgres";

const [connectionString, mode] = process.argv.slice(2);

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
    { primaryKey: ["account_id"] },
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
  applicationName: "projector-process",
  leaseMs: 600,
  // Few rows and small pages: a kill finds it at every stage of its work.
  maxCachedRows: 40,
  pageSize: 50,
});

process.once("SIGTERM", () => void leave());

if (mode === "rebuild") {
  const build = await supervisor.rebuild("balances", {
    onProgress: ({ events }) => console.log(`progress ${events}`),
  });
  console.log(`activated ${build.schema}`);
  await leave();
} else {
  await supervisor.start();
  await supervisor.whenReady();
  console.log("ready");
}

async function leave() {
  await supervisor.close();
  await store.close();
  await eventStore.close();
  console.log("closed");
}
