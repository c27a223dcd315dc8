// Started by the test: a queue whose handler stands still, and more items than fit. Killed when they are stored.
import { IntakeQueue } from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";

const [connectionString, count] = process.argv.slice(2);
const store = new PostgresProjectionStore({ connectionString, migrate: false, wakeup: "poll" });
await store.open();
const queue = new IntakeQueue({
  name: "letters",
  most: { items: 5, bytes: 1_000_000 },
  whenFull: "store",
  leaseMs: 1_000,
  spill: store.spill,
  encode: (item) => Buffer.from(item),
  decode: (item) => Buffer.from(item).toString(),
  handle: () => new Promise(() => {}),
});
const outcomes = [];
for (let index = 0; index < Number(count); index += 1)
  outcomes.push(await queue.offer(`${index}`, { key: `key-${index}` }));
console.log(`stored ${outcomes.filter((outcome) => outcome === "stored").length}`);
setInterval(() => {}, 1_000);
