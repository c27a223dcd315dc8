// Appends under 30 keys with large answers, and under the same again at each SIGUSR2: node repeater.mjs <connection string>
import { createHash, randomUUID } from "node:crypto";
import { PostgresEventStore } from "@tidemark/framework/postgres";

const type = "torture.Repeated";
const text = JSON.stringify({ type: "record", name: type, fields: [] });
const schema = { sha256: createHash("sha256").update(text).digest("hex"), text, subject: type, version: 1 };
const store = new PostgresEventStore({
  connectionString: process.argv[2],
  migrate: false,
  wakeup: "poll",
});

async function append(key) {
  const event = {
    eventId: randomUUID(),
    type,
    eventVersion: 1,
    schema,
    data: Buffer.alloc(0),
    correlationId: null,
    causationId: null,
    meta: Buffer.from([0, 0, 0]),
  };
  const { status } = await store.append(`torture-${key}`, [event], {
    idempotency: {
      identity: { tenant: "", principal: "torture", key },
      requestHash: Buffer.alloc(32),
      body: Buffer.alloc(200_000, "a large answer"),
      timeToLiveMs: 600_000,
    },
  });
  return status;
}

async function appendAll() {
  const told = await Promise.all(Array.from({ length: 30 }, (_, index) => append(`repeated${index}`)));
  console.log(`was told ${[...new Set(told)].join()}`);
}

await store.open();
await appendAll();
process.on("SIGUSR2", () => void appendAll());
