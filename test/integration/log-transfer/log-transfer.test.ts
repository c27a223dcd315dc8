import { randomUUID } from "node:crypto";
import { exportLog, importLog, readAvroFile, toAvroFile, type ExportLogOptions } from "@tidemark/framework";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Moved, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { all, context, empty, filled, fromLines, kept, lines, serializer } from "./transfer-fixture.ts";

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
    expect(await importLog(target, fromLines(text))).toEqual({ appended: 0n, present: 1_300n, skipped: 0n });
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
      message: expect.stringMatching(/mask's payload for bank\.\w+ at position 1 is not to be used: /),
    });
  });

  test("loses who did it with a mask, unless the mask says what to keep, and its streams when told so", async () => {
    const source = await filled(20);
    const metadataOf = async (options: ExportLogOptions): Promise<unknown[]> => {
      const target = await empty();
      await importLog(target, fromLines(await lines(source, options)));
      const events = await serializer.decodeAll(await all(target), (sha256) => target.schema(sha256));
      return [...new Set(events.map(({ metadata }) => JSON.stringify(metadata)))];
    };
    const nobody = '{"actor":null,"traceparent":null,"user":{}}';
    expect(await metadataOf({ mask: ({ data }) => data })).toEqual([nobody]);
    expect(await metadataOf({ mask: { streamId: ({ streamId }) => streamId } })).toEqual([nobody]);
    expect(await metadataOf({ mask: { metadata: ({ metadata }) => ({ ...metadata, actor: "x" }) } })).toEqual(
      ['{"actor":"x","traceparent":null,"user":{"reason":"test"}}'],
    );
    const target = await empty();
    const renamed = await lines(source, {
      mask: { streamId: ({ streamId }) => streamId.replace("account-", "account-x") },
    });
    await importLog(target, fromLines(renamed));
    const names = (await all(target)).map(({ streamId }) => streamId);
    expect(names).toEqual((await all(source)).map(({ streamId }) => streamId.replace("-", "-x")));
    const nameless = lines(source, { mask: { streamId: () => "nameless" } });
    await expect(nameless).rejects.toThrow(/mask's stream for .* position 1 .*must be <category>-<id>/);
  });

  test.each([
    [
      "throws",
      (): unknown => {
        throw new Error("no such owner");
      },
      /position 1 .*no such owner/,
    ],
    ["is asynchronous", (): unknown => Promise.resolve({}), /position 1 .*must not be asynchronous/],
  ])("says which event a mask that %s was given", async (_, mask, message) => {
    const broken = lines(await filled(3), { mask });
    await expect(broken).rejects.toMatchObject({
      code: "event-invalid",
      message: expect.stringMatching(message),
    });
  });

  test("may be filtered and masked on its way in", async () => {
    const source = await filled(100);
    const events = await all(source);
    const target = await empty();
    const filter = { types: ["bank.Opened"] };
    const summary = await importLog(target, fromLines(await lines(source)), {
      after: 20n,
      filter,
      mask: () => ({ owner: "somebody" }),
    });
    const expected = events.filter(({ type, position }) => type === "bank.Opened" && position > 20n);
    expect(summary).toEqual({
      appended: BigInt(expected.length),
      present: 0n,
      skipped: BigInt(events.length - expected.length),
    });
    const imported = await all(target);
    expect(imported.map(({ eventId }) => eventId)).toEqual(expected.map(({ eventId }) => eventId));
    expect(new Set(imported.map(({ data }) => Buffer.from(data).toString())).size).toBe(1);
    // The rest of a log that was imported in part: revisions here are other ones than there.
    const rest = await importLog(target, fromLines(await lines(source)), {
      filter: { types: ["bank.Moved"] },
    });
    expect(rest.appended).toBe(BigInt(events.filter(({ type }) => type === "bank.Moved").length));
    const again = await importLog(target, fromLines(await lines(source)), {
      filter: { types: ["bank.Moved"] },
    });
    expect(again).toEqual({ appended: 0n, present: rest.appended, skipped: rest.skipped });
  });

  test("begins at the end of the log at the latest", async () => {
    const source = await filled(10);
    expect(await lines(source, { after: 10n })).toHaveLength(2);
    await expect(lines(source, { after: 11n })).rejects.toMatchObject({
      code: "validation-failed",
      message: expect.stringContaining("behind the end of the log, which is at 10"),
    });
    await expect(lines(source, { after: 5n, upTo: 4n })).rejects.toThrow(
      /behind the last position to export, 4/,
    );
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
