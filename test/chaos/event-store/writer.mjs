// A process of writers: node writer.mjs <options as JSON>
// { connectionString, name, seed, writers, file }; appends until SIGTERM, then writes its attempts to the file, one line
// of JSON each.
import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { SeededRandom } from "./seeded-random.mjs";

const { connectionString, name, seed, writers, file } = JSON.parse(process.argv[2]);
const type = `torture.${name}`;
const text = JSON.stringify({ type: "record", name: type, fields: [] });
const schema = { sha256: createHash("sha256").update(text).digest("hex"), text, subject: type, version: 1 };
const store = new PostgresEventStore({ connectionString, migrate: false, wakeup: "poll" });
const attempts = [];
const poison = Buffer.from("poison");

function makeStreams(random) {
  const streamIds = [`torture-${random.below(12)}`];
  if (random.chance(0.2)) streamIds.push(`torture-${12 + random.below(4)}`);
  return streamIds.map((streamId) => ({ streamId, events: 1 + random.below(3) }));
}

function makeEvent(data, ofType = type) {
  return {
    eventId: randomUUID(),
    type: ofType,
    eventVersion: 1,
    schema,
    data,
    correlationId: null,
    causationId: null,
    meta: Buffer.from([0, 0, 0]),
  };
}

function makeEvents(count, random, poisoned) {
  return Array.from({ length: count }, () =>
    makeEvent(poisoned ? poison : Buffer.alloc(random.below(300), 1)),
  );
}

/** Half of the keys are the same in every process at about the same time. */
function makeKey(random) {
  if (random.chance(0.5)) return null;
  return random.chance(0.5) ? `shared-${Math.floor(Date.now() / 100)}` : randomUUID();
}

/** One append, and with a key as many more as it takes to learn what became of it. */
async function write(random, revisions) {
  const streams = makeStreams(random);
  const key = makeKey(random);
  const poisoned = random.chance(0.02);
  const giveUpAt = Date.now() + 20_000;
  for (;;) {
    const { outcome, retry } = await attempt({ streams, key, poisoned, revisions, random });
    if (retry) await delay(10 + random.below(20));
    const again = key !== null && (retry || (outcome === "appended" && random.chance(0.1)));
    if (!again || Date.now() > giveUpAt) return;
  }
}

async function attempt({ streams, key, poisoned, revisions, random }) {
  const appends = streams.map(({ streamId, events }) => ({
    streamId,
    events: makeEvents(events, random, poisoned),
    expectedRevision: random.chance(0.5) ? "any" : (revisions.get(streamId) ?? "no-stream"),
  }));
  const id = `${name}:${attempts.length}`;
  const identity = { tenant: "", principal: "torture", key };
  const idempotency = {
    identity,
    requestHash: Buffer.alloc(32),
    body: Buffer.from(id),
    timeToLiveMs: 600_000,
  };
  const made = await append(appends, key === null ? {} : { idempotency }, poisoned);
  for (const [index, { streamId }] of streams.entries()) {
    const revision = made.actual?.[streamId] ?? made.revisions?.[index];
    if (revision !== undefined) revisions.set(streamId, BigInt(revision));
  }
  return made;
}

/** Takes the place behind the last claim that it knows of, which it writes into the event: nobody else may have it. */
async function claim(random) {
  const filter = { types: ["torture.Claim"] };
  let last = 0n;
  try {
    for await (const { events } of store.readAll({ filter, direction: "backwards", limit: 1 }))
      last = events[0]?.position ?? last;
  } catch (error) {
    if (error.code === "store-unavailable") return;
    throw error;
  }
  const events = [makeEvent(Buffer.from(last.toString()), "torture.Claim")];
  await append([{ streamId: `claim-${random.below(100)}`, events }], {
    conditions: [{ filter, noEventAfter: last }],
  });
}

async function append(appends, options, poisoned = false) {
  const made = {
    id: `${name}:${attempts.length}`,
    key: options.idempotency?.identity.key ?? null,
    streams: appends.map(({ streamId, events }) => ({ streamId, eventIds: events.map((e) => e.eventId) })),
    startedAt: Date.now(),
  };
  attempts.push(made);
  const told = await store
    .appendMany(appends, options)
    .then(outcomeOf, (error) => failureOf(error, poisoned));
  return Object.assign(made, told, { endedAt: Date.now() });
}

function outcomeOf(outcome) {
  switch (outcome.status) {
    case "appended":
      return {
        outcome: "appended",
        position: `${outcome.position}`,
        revisions: outcome.revisions.map(String),
      };
    case "already-recorded":
      return { outcome: "recorded", recordedBy: Buffer.from(outcome.record.body).toString() };
    case "condition-failed":
      return { outcome: "refused" };
    case "conflict":
      return { outcome: "refused", actual: { [outcome.streamId]: outcome.actual?.toString() } };
    default:
      return { outcome: "failed", error: `nobody expects ${outcome.status}` };
  }
}

function failureOf(error, poisoned) {
  if (error.code === "outcome-unknown") return { outcome: "unknown", retry: true };
  if (error.code === "store-unavailable") return { outcome: "refused", retry: true };
  if (error.message === "poisoned" && poisoned) return { outcome: "refused" };
  return { outcome: "failed", error: `${error.code}: ${error.message}` };
}

await store.open();
let writing = true;
process.on("SIGTERM", () => (writing = false));
// A test run that was killed stops nobody.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(1), 1_000).unref();
console.log("writing");
await Promise.all(
  Array.from({ length: writers }, async (_, index) => {
    const random = new SeededRandom(seed + index * 7_919);
    const revisions = new Map();
    while (writing) {
      await (random.chance(0.05) ? claim(random) : write(random, revisions));
      if (random.chance(0.1)) await delay(random.below(10));
    }
  }),
);
await store.close();
await writeFile(file, attempts.map((made) => JSON.stringify(made)).join("\n"));
console.log("written");
