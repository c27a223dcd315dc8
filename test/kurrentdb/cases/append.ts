import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, numberOf, revisionOf } from "../support/collect.ts";
import { credentials } from "../support/credentials.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { binaryEvent, jsonEvent } from "../support/client-library.ts";
import { conflict, expecting } from "../support/expectation.ts";

describeWithClient("append", (session) => {
  describe.each([
    { path: "batch append", options: {} },
    { path: "unary append", options: { credentials } },
  ])("$path", ({ options }) => {
    test("several events get consecutive revisions in their order", async () => {
      const stream = uniqueStream("append");
      const result = await session.client.appendToStream(stream, numberedEvents(50), options);
      expect(result.nextExpectedRevision).toBe(49n);
      const events = await collect(session.client.readStream(stream));
      expect(events.map(revisionOf)).toEqual(Array.from({ length: 50 }, (_, index) => index));
      expect(events.map(numberOf)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    test("the answered position is the last event's", async () => {
      const stream = uniqueStream("append");
      const { position } = await session.client.appendToStream(stream, numberedEvents(3), options);
      const events = await collect(session.client.readStream(stream));
      expect(events.at(-1)?.event?.position).toEqual(position);
    });

    test("a later append has a greater position", async () => {
      const [first, second] = [uniqueStream("append"), uniqueStream("append")];
      const earlier = await session.client.appendToStream(first, numberedEvents(1), options);
      const later = await session.client.appendToStream(second, numberedEvents(1), options);
      expect(later.position?.commit).toBeGreaterThan(earlier.position?.commit ?? -1n);
    });

    test("an append of no events answers the current revision", async () => {
      const stream = uniqueStream("append");
      await session.client.appendToStream(stream, numberedEvents(3));
      const result = await session.client.appendToStream(stream, [], { ...options, ...expecting(2n) });
      expect(result).toMatchObject({ success: true, nextExpectedRevision: 2n });
      expect(await collect(session.client.readStream(stream))).toHaveLength(3);
    });

    test("an append of no events is checked", async () => {
      const stream = uniqueStream("append");
      await session.client.appendToStream(stream, numberedEvents(3));
      await expect(
        session.client.appendToStream(stream, [], { ...options, ...expecting(5n) }),
      ).rejects.toMatchObject(conflict({ actual: 2n }));
    });

    test("an append of no events creates no stream", async () => {
      const stream = uniqueStream("append");
      const result = await session.client.appendToStream(stream, [], options);
      expect(result.success).toBe(true);
      await expect(collect(session.client.readStream(stream))).rejects.toMatchObject({
        type: "stream-not-found",
      });
    });

    test("JSON data, metadata, type and id come back as they were given", async () => {
      const stream = uniqueStream("append");
      const event = jsonEvent({
        id: randomUUID(),
        type: "order-placed",
        data: { text: "grüße 你好 🙂", nested: { list: [1, 2.5, null, true] } },
        metadata: { $correlationId: randomUUID(), actor: "Zoë" },
      });
      await session.client.appendToStream(stream, event, options);
      const [resolved] = await collect(session.client.readStream(stream));
      expect(resolved?.event).toMatchObject({
        id: event.id,
        type: event.type,
        data: event.data,
        metadata: event.metadata,
        streamId: stream,
        isJson: true,
        revision: 0n,
      });
    });

    test("binary data and binary metadata come back byte by byte", async () => {
      const stream = uniqueStream("append");
      const data = new Uint8Array(randomBytes(1000));
      const metadata = new Uint8Array([0xff, 0xfe, 0x00, 0x01]);
      const event = binaryEvent({ type: "blob", data, metadata });
      await session.client.appendToStream(stream, event, options);
      const [resolved] = await collect(session.client.readStream(stream));
      expect(resolved?.event?.isJson).toBe(false);
      expect(Buffer.from(bytes(resolved?.event?.data))).toEqual(Buffer.from(data));
      expect(Buffer.from(bytes(resolved?.event?.metadata))).toEqual(Buffer.from(metadata));
    });

    test("an event without metadata and with empty data is stored", async () => {
      const stream = uniqueStream("append");
      await session.client.appendToStream(
        stream,
        binaryEvent({ type: "empty", data: new Uint8Array() }),
        options,
      );
      const [resolved] = await collect(session.client.readStream(stream));
      expect(bytes(resolved?.event?.data)).toHaveLength(0);
      expect(resolved?.event?.metadata).toBeUndefined();
    });

    test("stream names and types may be any text", async () => {
      const stream = `${uniqueStream("имя потока")} 🙂/%2F?#&=`;
      await session.client.appendToStream(stream, jsonEvent({ type: "тип 型 €", data: {} }), options);
      const [resolved] = await collect(session.client.readStream(stream));
      expect(resolved?.event?.streamId).toBe(stream);
      expect(resolved?.event?.type).toBe("тип 型 €");
    });

    test("a conflict names a stream with a unicode name", async () => {
      const stream = uniqueStream("ключ-鍵");
      await session.client.appendToStream(stream, numberedEvents(1), options);
      await expect(
        session.client.appendToStream(stream, numberedEvents(1), {
          ...options,
          ...expecting("no_stream"),
        }),
      ).rejects.toMatchObject(conflict({ stream, actual: 0n }));
    });

    test("an append just below 1 MiB is accepted", async () => {
      const stream = uniqueStream("append");
      const event = binaryEvent({ type: "large", data: new Uint8Array(900_000) });
      expect((await session.client.appendToStream(stream, event, options)).success).toBe(true);
    });

    test("concurrent appends with one expected revision: one wins", async () => {
      const stream = uniqueStream("append");
      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, async () =>
          session.client.appendToStream(stream, numberedEvents(1), {
            ...options,
            ...expecting("no_stream"),
          }),
        ),
      );
      expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await collect(session.client.readStream(stream))).toHaveLength(1);
    });

    test("a client that does not throw is told that the append failed", async () => {
      const { connectionString } = session.database;
      const separator = connectionString.includes("?") ? "&" : "?";
      const client = session.connect(`${connectionString}${separator}throwOnAppendFailure=false`);
      const stream = uniqueStream("append");
      await client.appendToStream(stream, numberedEvents(3));
      const result = await client.appendToStream(stream, numberedEvents(1), { ...options, ...expecting(0n) });
      expect(result.success).toBe(false);
      expect(await collect(client.readStream(stream))).toHaveLength(3);
    });

    test("concurrent appends to one stream lose nothing", async () => {
      const stream = uniqueStream("append");
      await Promise.all(
        Array.from({ length: 30 }, async (_, n) =>
          session.client.appendToStream(stream, numberedEvents(2, { from: n * 2 }), options),
        ),
      );
      const events = await collect(session.client.readStream(stream));
      expect(events.map(revisionOf)).toEqual(Array.from({ length: 60 }, (_, index) => index));
      expect(new Set(events.map(numberOf)).size).toBe(60);
    });
  });

  test("batch append: a batch in several chunks is one append", async () => {
    const stream = uniqueStream("append");
    await session.client.appendToStream(stream, numberedEvents(200), { batchAppendSize: 1000 });
    const events = await collect(session.client.readStream(stream));
    expect(events.map(numberOf)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  test("batch append: a refused append of several chunks leaves its neighbours alone", async () => {
    const stream = uniqueStream("append");
    await session.client.appendToStream(stream, numberedEvents(1));
    const [refused, accepted] = await Promise.allSettled([
      session.client.appendToStream(stream, numberedEvents(100), {
        batchAppendSize: 500,
        ...expecting(7n),
      }),
      session.client.appendToStream(uniqueStream("append"), numberedEvents(100), { batchAppendSize: 500 }),
    ]);
    expect(refused).toMatchObject({ reason: conflict({ actual: 0n }) });
    expect(accepted).toMatchObject({ value: { nextExpectedRevision: 99n } });
  });

  test("the time of an event never runs back within a stream", async () => {
    const stream = uniqueStream("append");
    for (let n = 0; n < 5; n++) await session.client.appendToStream(stream, numberedEvents(1));
    const events = await collect(session.client.readStream(stream));
    const times = events.map(({ event }) => event?.created.getTime() ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });
});

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error(`expected bytes, got ${typeof value}`);
}
