import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import {
  EventSerializer,
  exportLog,
  importLog,
  readAvroFile,
  readJsonLines,
  toAvroFile,
  toJsonLine,
  type EventStore,
  type ExportLogOptions,
  type LogEntry,
  type StoredEvent,
} from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bankEvents, bankHistory, Moved, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

const serializer = new EventSerializer(bankEvents);
const context = {
  correlationId: randomUUID(),
  causationId: null,
  metadata: { actor: "ada", traceparent: null, user: { reason: "test" } },
};

async function filled(count: number, options: { seed?: number } = {}): Promise<EventStore> {
  const store = inMemoryEventStore();
  await store.open();
  for (const { account, event } of bankHistory(count, { accounts: 7, ...options })) {
    await store.append(`account-${account}`, [serializer.encode(event, randomUUID(), context)]);
  }
  return store;
}

async function all(store: EventStore): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const page of store.readAll()) events.push(...page.events);
  return events;
}

/** What an import keeps. */
function kept(events: readonly StoredEvent[]): unknown[] {
  return events.map(
    ({ eventId, streamId, type, eventVersion, schemaSha256, correlationId, causationId, data, meta }) => ({
      eventId,
      streamId,
      type,
      eventVersion,
      schemaSha256,
      correlationId,
      causationId,
      data: Buffer.from(data).toString("hex"),
      meta: Buffer.from(meta).toString("hex"),
    }),
  );
}

async function lines(store: EventStore, options?: ExportLogOptions): Promise<string[]> {
  const text: string[] = [];
  for await (const entry of exportLog(store, options)) text.push(toJsonLine(entry));
  return text;
}

function fromLines(text: readonly string[]): AsyncIterable<LogEntry> {
  return readJsonLines(Readable.from(text.map((line) => `${line}\n`)));
}

async function empty(): Promise<EventStore> {
  const store = inMemoryEventStore();
  await store.open();
  return store;
}

describe("an export that is imported into another store", () => {
  test("keeps ids, payloads, metadata and the order, whatever the log, as JSON lines and as an Avro file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 120 }),
        fc.integer({ min: 1, max: 9_999 }),
        async (count, seed) => {
          const source = await filled(count, { seed });
          const expected = kept(await all(source));
          const viaJson = await empty();
          await importLog(viaJson, fromLines(await lines(source)));
          expect(kept(await all(viaJson))).toEqual(expected);
          const viaAvro = await empty();
          await importLog(viaAvro, readAvroFile(toAvroFile(exportLog(source))));
          expect(kept(await all(viaAvro))).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("skips what is there already, so it can be repeated after it was broken off", async () => {
    const source = await filled(1_300);
    const text = await lines(source);
    const target = await empty();
    const broken = importLog(target, fromLines(text.slice(0, 800)));
    await expect(broken).rejects.toMatchObject({
      code: "import-invalid",
      message: expect.stringContaining("end is missing"),
    });
    expect((await all(target)).length).toBeGreaterThan(0);
    const progress: bigint[] = [];
    const summary = await importLog(target, fromLines(text), {
      onProgress: ({ appended, present }) => progress.push(appended + present),
    });
    expect(summary.appended + summary.present).toBe(1_300n);
    expect(summary.present).toBeGreaterThan(0n);
    expect(progress.at(-1)).toBe(1_300n);
    expect(kept(await all(target))).toEqual(kept(await all(source)));
    expect(await importLog(target, fromLines(text))).toEqual({ appended: 0n, present: 1_300n });
  });

  test("may begin behind a position, and name categories and types", async () => {
    const source = await filled(200);
    await source.append("other-1", [serializer.encode(Opened({ owner: "x" }), randomUUID(), context)]);
    const events = await all(source);
    const opened = events.filter(({ type, position }) => type === "bank.Opened" && position > 50n);
    const text = await lines(source, {
      after: 50n,
      filter: { types: ["bank.Opened"], categories: ["account"] },
    });
    const target = await empty();
    await importLog(target, fromLines(text));
    expect(kept(await all(target))).toEqual(kept(opened.filter(({ streamId }) => streamId !== "other-1")));
  });

  test("is masked on its way out, and a mask that breaks the schema is told which event", async () => {
    const source = await filled(60);
    const text = await lines(source, {
      mask: ({ type, data }) => (type === "bank.Opened" ? { owner: "somebody" } : data),
    });
    const target = await empty();
    await importLog(target, fromLines(text));
    const owners = (await serializer.decodeAll(await all(target), (sha256) => target.schema(sha256)))
      .filter(({ type }) => type === "Opened")
      .map(({ data }) => data);
    expect(owners.length).toBeGreaterThan(3);
    expect(new Set(owners.map((data) => JSON.stringify(data)))).toEqual(new Set(['{"owner":"somebody"}']));
    const wrong = lines(source, { mask: () => ({ nothing: 1 }) });
    await expect(wrong).rejects.toMatchObject({
      code: "event-invalid",
      message: expect.stringMatching(/mask's payload for bank\.\w+ at position 1 does not match/),
    });
  });

  test("leaves erased payloads out and counts them", async () => {
    const source = await filled(0);
    const events = [Opened({ owner: "gone" }), Moved({ cents: 1n, to: "b" })];
    await source.append(
      "account-a",
      events.map((event) => serializer.encode(event, randomUUID(), context)),
    );
    await source.eraseStream("account-a", { to: 0n, requestedBy: "ada", reason: "asked to" });
    const text = await lines(source);
    expect(JSON.parse(text.at(-1) ?? "")).toEqual({ kind: "end", events: "1", erased: "1", scannedTo: "2" });
    expect(text.join()).not.toContain(Buffer.from("gone").toString("base64").slice(0, 5));
  });
});

describe("a file that is no export", () => {
  test.each([
    ["is not JSON", (text: string[]) => ["{", ...text], /at line 1: is not JSON/],
    ["has another kind of entry", (text: string[]) => ['{"kind":"surprise"}', ...text], /at line 1: kind/],
    [
      "has a number that is none",
      (text: string[]) => text.map((line) => line.replace('"position":"1"', '"position":"x"')),
      /at line 3: position must be a whole number/,
    ],
    [
      "is of a newer format",
      (text: string[]) => text.map((line) => line.replace('"format":1', '"format":2')),
      /at line 1: format is of a newer format/,
    ],
    [
      "lacks a schema",
      (text: string[]) => text.filter((line) => !line.includes('"kind":"schema"')),
      /comes before its schema/,
    ],
    ["lacks an event", (text: string[]) => text.toSpliced(4, 1), /should hold 10 events, and holds 9/],
    ["goes on behind its end", (text: string[]) => [...text, text[0] ?? ""], /goes on after its end/],
  ])("because it %s is refused", async (_, spoil, message) => {
    const source = await filled(0);
    for (let index = 0; index < 10; index += 1)
      await source.append("account-a", [
        serializer.encode(Opened({ owner: `${index}` }), randomUUID(), context),
      ]);
    const target = await empty();
    const importing = importLog(target, fromLines(spoil(await lines(source))));
    await expect(importing).rejects.toMatchObject({
      code: "import-invalid",
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ["bytes", Buffer.from("no Avro file at all")],
    ["nothing", Buffer.alloc(0)],
  ])("because it is %s is refused as an Avro file", async (_, bytes) => {
    const importing = importLog(await empty(), readAvroFile(Readable.from([bytes])));
    await expect(importing).rejects.toMatchObject({ code: "import-invalid" });
  });
});

describe("on PostgreSQL", () => {
  let database: TestDatabase;
  let store: PostgresEventStore;
  beforeAll(async () => {
    database = await createTestDatabase({ template: eventStoreTemplate });
    store = new PostgresEventStore({ connectionString: database.connectionString });
    await store.open();
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  test("an import gives new positions in the old order, and its export is the same again", async () => {
    const source = await filled(2_500);
    await importLog(store, readAvroFile(toAvroFile(exportLog(source))));
    const imported = await all(store);
    expect(kept(imported)).toEqual(kept(await all(source)));
    expect(imported.map(({ position }) => position)).toEqual(imported.map((_, index) => BigInt(index + 1)));
    const back = await empty();
    await importLog(back, fromLines(await lines(store)));
    expect(kept(await all(back))).toEqual(kept(imported));
  });
});
