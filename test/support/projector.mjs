// Started by the tests as an application would be: runs what the options name over the database that they name.
import { createApplication, defineApplication, EventSerializer } from "@tidemark/framework";
import { ProjectionSupervisor, SubscriptionSupervisor } from "@tidemark/framework";
import { PostgresEventStore, PostgresProjectionStore, postgresStorage } from "@tidemark/framework/postgres";
import { createRegistryClient } from "@tidemark/schema-registry/client";
import { setTimeout as delay } from "node:timers/promises";
import { SeededRandom } from "../chaos/event-store/seeded-random.mjs";
import { digests, Moved, MovedV2, notices } from "./projector-definitions.mjs";

const options = JSON.parse(process.argv[2]);
const { connectionString, readModels = connectionString, mode = "serve", leaseMs = 600 } = options;
const log = (level) => (fields, message) =>
  console.log(`${level}: ${message} ${fields.err?.code ?? ""} ${fields.err?.message ?? fields.reason ?? ""}`);
const logger = { debug() {}, info: log("info"), warn: log("warn"), error: log("error") };

const event = options.knowsVersion2 === true ? MovedV2 : Moved;
const eventStore = new PostgresEventStore({ connectionString, logger });
const store = new PostgresProjectionStore({ connectionString: readModels, logger });
const serializer = new EventSerializer([event]);
await eventStore.open();
await store.open();
const shared = { eventStore, serializer, store, applicationName: "projector", leaseMs, logger };
const projection = { ...options.projection, event };
if (options.announce === true) projection.onHandle = (position) => console.log(`handling ${position}`);
// What made it slow is over.
process.once("SIGUSR2", () => {
  projection.handlerMs = 0;
});
const supervisor =
  options.projection === undefined
    ? null
    : new ProjectionSupervisor({
        ...shared,
        definitions: [digests(projection)],
        ...options.limits,
      });
const subscriptions =
  options.notices === undefined
    ? null
    : new SubscriptionSupervisor({ ...shared, definitions: [notices({ ...options.notices, event })] });

process.once("SIGTERM", () => void leave());
if (options.registry !== undefined) {
  // A whole application, which publishes its schemas first.
  const application = createApplication(
    defineApplication({ name: "projector", aggregates: [], projections: [digests(projection)] }),
    {
      storage: postgresStorage({ database: connectionString, logger }),
      registry: createRegistryClient({ url: options.registry }),
      logger,
    },
  );
  await application.start();
  console.log("started");
} else if (mode === "rebuild") {
  const build = await supervisor.rebuild("digests", {
    onProgress: ({ events }) => console.log(`progress ${events}`),
  });
  console.log(`activated ${build.schema}`);
  await leave();
} else {
  await supervisor?.start();
  await subscriptions?.start();
  console.log("started");
  await supervisor?.whenReady();
  console.log("ready");
  if (options.repartitionSeed !== undefined) void repartition(new SeededRandom(options.repartitionSeed));
}

/** Splits and merges for as long as it lives. */
async function repartition(random) {
  for (;;) {
    await delay(random.below(60));
    const partitions = await supervisor.partitions.list("digests");
    const place = random.below(partitions.length);
    const [chosen, next] = [partitions[place], partitions[place + 1]];
    // Another process may be at the same partition, which is then refused.
    const change =
      partitions.length < 4 && (next === undefined || random.chance(0.5))
        ? supervisor.partitions.split("digests", chosen.number)
        : supervisor.partitions.merge("digests", chosen.number, next?.number ?? partitions[place - 1].number);
    await change.then(
      () => console.log("repartitioned"),
      (error) => console.log(`not repartitioned: ${error.message}`),
    );
  }
}

async function leave() {
  await supervisor?.close();
  await subscriptions?.close();
  await store.close();
  await eventStore.close();
  console.log("closed");
}
