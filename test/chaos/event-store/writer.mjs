// A process of writers: node writer.mjs <connection string> <writers> <milliseconds> <name>
// Prints one line of JSON: what became of each event that it tried to append.
import { createHash, randomInt, randomUUID } from "node:crypto";
import { PostgresEventStore } from "@tidemark/framework/postgres";

const [connectionString, writers, milliseconds, name] = process.argv.slice(2);
const text = JSON.stringify({ type: "record", name: `torture.${name}`, fields: [] });
const schema = {
  sha256: createHash("sha256").update(text).digest("hex"),
  text,
  subject: `torture.${name}`,
  version: 1,
};
const store = new PostgresEventStore({
  connectionString,
  migrate: false,
  wakeup: "poll",
  appendConnections: Number(writers),
});
const outcomes = { appended: [], unknown: [], refused: [] };

function makeEvents() {
  return Array.from({ length: 1 + randomInt(3) }, () => ({
    eventId: randomUUID(),
    type: `torture.${name}`,
    eventVersion: 1,
    schema,
    data: Buffer.alloc(randomInt(300), 1),
    correlationId: null,
    causationId: null,
    meta: Buffer.from([0, 0, 0]),
  }));
}

function makeKey() {
  const identity = { tenant: "", principal: name, key: randomUUID() };
  return { identity, requestHash: Buffer.alloc(32), body: Buffer.from("done"), timeToLiveMs: 60_000 };
}

async function appendOnce(revisions) {
  const streamIds = [`torture-${randomInt(12)}`];
  if (randomInt(5) === 0) streamIds.push(`torture-${12 + randomInt(4)}`);
  const appends = streamIds.map((streamId) => ({
    streamId,
    events: makeEvents(),
    expectedRevision: randomInt(2) === 0 ? "any" : (revisions.get(streamId) ?? "no-stream"),
  }));
  const ids = appends.flatMap(({ events }) => events.map(({ eventId }) => eventId));
  try {
    const outcome = await store.appendMany(appends, randomInt(2) === 0 ? { idempotency: makeKey() } : {});
    if (outcome.status === "conflict") revisions.set(outcome.streamId, outcome.actual ?? "no-stream");
    if (outcome.status === "appended")
      outcome.revisions.forEach((revision, index) => revisions.set(streamIds[index], revision));
    const written = outcome.status === "appended" || outcome.status === "already-recorded";
    outcomes[written ? "appended" : "refused"].push(...ids);
  } catch (error) {
    // Aborted by the database, or out of reach: nothing was written. Anything else is a bug.
    const refused = error.code === "store-unavailable" || error.message === "aborted by the torture test";
    const collided = error.code === "23505";
    if (error.code === "outcome-unknown") outcomes.unknown.push(...ids);
    else if (refused || collided) outcomes.refused.push(...ids);
    else throw error;
  }
}

await store.open();
const deadline = performance.now() + Number(milliseconds);
await Promise.all(
  Array.from({ length: Number(writers) }, async () => {
    const revisions = new Map();
    while (performance.now() < deadline) await appendOnce(revisions);
  }),
);
await store.close();
console.log(`outcomes ${JSON.stringify(outcomes)}`);
