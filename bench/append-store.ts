import { createHash, randomUUID } from "node:crypto";
import type { EventSchema, EventToAppend, ExpectedRevision } from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { ownStreams, type AppendJob, type AppendTarget } from "./append-job.ts";

/** Together the about 150 bytes of an event with its metadata. */
export const data = Buffer.alloc(110, 1);
export const meta = Buffer.alloc(40, 2);

const text = JSON.stringify({ type: "record", name: "bench.Happened", fields: [] });
const schema: EventSchema = {
  sha256: createHash("sha256").update(text).digest("hex"),
  text,
  subject: "bench.Happened",
  version: 1,
};

function nextEvent(): EventToAppend {
  return {
    eventId: randomUUID(),
    type: "bench.Happened",
    eventVersion: 1,
    schema,
    data,
    correlationId: null,
    causationId: null,
    meta,
  };
}

/** Appends through the store, each with the exact revision of its stream. */
export async function storeTarget(job: AppendJob): Promise<AppendTarget> {
  const store = new PostgresEventStore({ connectionString: job.connectionString });
  await store.open();
  const { perCaller, next } = ownStreams(job);
  const revisions = Array.from({ length: job.callers }, () =>
    Array<ExpectedRevision>(perCaller).fill("no-stream"),
  );
  const run = randomUUID().slice(0, 8);
  return {
    append: async (caller) => {
      const own = revisions[caller] ?? [];
      const stream = next(caller);
      const events = Array.from({ length: job.eventsPerAppend }, nextEvent);
      const outcome = await store.append(`${job.name}-${run}-${caller}-${stream}`, events, {
        expectedRevision: own[stream] ?? "any",
        ...(job.keys ? { idempotency: nextKey() } : {}),
      });
      if (outcome.status !== "appended") throw new Error(`an append came to ${outcome.status}`);
      own[stream] = outcome.revisions[0] ?? "any";
    },
    close: () => store.close(),
  };
}

function nextKey() {
  return {
    identity: { tenant: "", principal: "bench", key: randomUUID() },
    requestHash: Buffer.alloc(32, 3),
    body: Buffer.alloc(20, 4),
    timeToLiveMs: 86_400_000,
  };
}
