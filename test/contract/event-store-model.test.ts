import { createHash } from "node:crypto";
import {
  TidemarkError,
  type ErasureRequest,
  type EventStore,
  type ReadAllOptions,
  type StoredEvent,
} from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStoreModel } from "../support/event-store-model.ts";
import { createTestDatabase } from "../support/test-database.ts";

const streamId = fc.constantFrom("account-1", "account-2", "entry-1");
const type = fc.constantFrom("ledger.A", "ledger.B");
const revision = fc.bigInt({ min: 0n, max: 6n });
const expectedRevision = fc.oneof(
  { weight: 3, arbitrary: fc.constant("any" as const) },
  { weight: 2, arbitrary: fc.constantFrom("no-stream" as const, "stream-exists" as const) },
  { weight: 2, arbitrary: revision },
);
const filter = fc.record(
  {
    types: fc.uniqueArray(fc.constantFrom("ledger.A", "ledger.B", "ledger.None"), { maxLength: 2 }),
    categories: fc.uniqueArray(fc.constantFrom("account", "entry"), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const position = fc.bigInt({ min: 0n, max: 25n });
const direction = fc.constantFrom("forwards" as const, "backwards" as const);
const condition = fc.oneof(
  fc.record({ streamId, expectedRevision }),
  fc.record({ filter, noEventAfter: position }),
);
// Ids from a small set: an id comes again now and then, in its stream or in another one.
const events = fc.uniqueArray(fc.record({ number: fc.nat({ max: 60 }), type }), {
  selector: ({ number }) => number,
  maxLength: 3,
});
const append = fc.record({ streamId, expectedRevision, events });

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      appends: fc.uniqueArray(append, { selector: (one) => one.streamId, minLength: 1, maxLength: 2 }),
      conditions: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(condition, { maxLength: 2 }) },
      ),
    }),
  },
  fc.record({ kind: fc.constant("delete" as const), streamId, expectedRevision }),
  fc.record({
    kind: fc.constant("metadata" as const),
    streamId,
    metadata: fc.record(
      { maxCount: fc.integer({ min: 1, max: 4 }), truncateBefore: fc.bigInt({ min: 1n, max: 6n }) },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ kind: fc.constant("erase" as const), streamId, from: revision, length: revision }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("read stream" as const),
      streamId,
      direction,
      from: revision,
      limit: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("read log" as const),
      direction,
      filter,
      after: position,
      upTo: position,
      limit: fc.nat({ max: 6 }),
      pageSize: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function schemaOf(name: string) {
  const text = JSON.stringify({ type: "record", name, fields: [] });
  return { sha256: createHash("sha256").update(text).digest("hex"), text, subject: name, version: 1 };
}

function toAppend(event: { readonly number: number; readonly type: string }) {
  const ids = { eventId: idOf(event.number), correlationId: null, causationId: null };
  const data = Buffer.from([event.number]);
  return {
    ...ids,
    type: event.type,
    eventVersion: 1,
    schema: schemaOf(event.type),
    data,
    meta: Buffer.of(0),
  };
}

function seen({ streamId: stream, revision: at, eventId, type: kind, encoding, data }: StoredEvent) {
  const erased = encoding === "erased";
  if (erased !== (data.length === 0)) throw new Error(`${eventId} is ${encoding} with ${data.length} bytes`);
  return { streamId: stream, revision: at, id: eventId, type: kind, erased };
}

async function codeOf(operation: Promise<unknown>): Promise<unknown> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof TidemarkError) return error.code;
    throw error;
  }
}

/** The order of the types is left to the store. */
async function erase(store: EventStore, stream: string, request: ErasureRequest) {
  const outcome = await store.eraseStream(stream, request);
  if (outcome.status === "scheduled") return outcome;
  return { ...outcome, types: outcome.types.toSorted((a, b) => (a < b ? -1 : 1)) };
}

async function readLog(store: EventStore, options: ReadAllOptions) {
  const read = [];
  for await (const page of store.readAll(options)) read.push(...page.events.map(seen));
  return read;
}

/** Does the command to both and compares the answers. */
async function runOnBoth(model: EventStoreModel, store: EventStore, step: Command): Promise<void> {
  switch (step.kind) {
    case "append": {
      const real = step.appends.map((one) => ({ ...one, events: one.events.map(toAppend) }));
      const modelled = step.appends.map((one) => ({
        ...one,
        events: one.events.map((event) => ({ id: idOf(event.number), type: event.type })),
      }));
      const ids = modelled.flatMap((one) => one.events.map(({ id }) => id));
      // One id twice in an append is refused before anything is looked at; the contract suite tests it.
      if (new Set(ids).size < ids.length) return;
      const { conditions } = step;
      const expected = model.append(modelled, conditions);
      expect(await store.appendMany(real, { conditions })).toEqual(expected);
      return;
    }
    case "delete": {
      const { expectedRevision: expected } = step;
      const outcome = await store.deleteStream(step.streamId, { expectedRevision: expected });
      expect(outcome).toEqual(model.delete(step.streamId, expected));
      return;
    }
    case "metadata": {
      const outcome = await codeOf(store.setStreamMetadata(step.streamId, step.metadata));
      expect(outcome).toEqual(model.setMetadata(step.streamId, step.metadata));
      expect(await store.streamMetadata(step.streamId)).toEqual(model.metadata(step.streamId));
      return;
    }
    case "erase": {
      const range = { from: step.from, to: step.from + step.length };
      const request = { ...range, requestedBy: "alice", reason: "asked for" };
      const outcome = await codeOf(erase(store, step.streamId, request));
      expect(outcome).toEqual(model.erase(step.streamId, range.from, range.to));
      return;
    }
    case "read stream": {
      const { direction: way, from, limit } = step;
      const read = [];
      for await (const event of store.readStream(step.streamId, { direction: way, from, limit }))
        read.push(seen(event));
      const shown = model.stream(step.streamId);
      const wanted =
        way === "forwards"
          ? shown.filter((event) => event.revision >= from)
          : shown.filter((event) => event.revision <= from).toReversed();
      expect(read).toEqual(wanted.slice(0, limit));
      return;
    }
    case "read log": {
      const { direction: way, after, upTo } = step;
      const places = model.logPositions(step.filter);
      const wanted =
        way === "forwards"
          ? places.filter((place) => place > after && place <= upTo)
          : places.filter((place) => place < after && place >= upTo).toReversed();
      const { kind, ...options } = step;
      expect(kind).toBe("read log");
      const modelled = wanted.slice(0, step.limit).map((place) => model.log[Number(place) - 1]);
      expect(await readLog(store, options)).toEqual(modelled);
    }
  }
}

async function behavesLikeTheModel(store: EventStore, steps: readonly Command[]): Promise<void> {
  const model = new EventStoreModel();
  for (const step of steps) await runOnBoth(model, store, step);
  expect(await readLog(store, {})).toEqual(model.log);
}

const steps = fc.array(command, { minLength: 10, maxLength: 40, size: "max" });

test("the in-memory store answers every sequence of commands as the model does", async () => {
  const property = fc.asyncProperty(steps, (sequence) => behavesLikeTheModel(inMemoryEventStore(), sequence));
  await fc.assert(property, { numRuns: 1_500 });
});

test("the PostgreSQL store answers every sequence of commands as the model does", async () => {
  const database = await createTestDatabase();
  let schemas = 0;
  try {
    const property = fc.asyncProperty(steps, async (sequence) => {
      schemas += 1;
      const { connectionString } = database;
      await using store = new PostgresEventStore({ connectionString, schema: `model ${schemas}` });
      await store.open();
      await behavesLikeTheModel(store, sequence);
    });
    await fc.assert(property, { numRuns: 25, endOnFailure: true });
  } finally {
    await database.drop();
  }
}, 120_000);
