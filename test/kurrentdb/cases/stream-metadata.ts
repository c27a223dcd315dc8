import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, revisionOf } from "../support/collect.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { jsonEvent } from "../support/client-library.ts";
import { conflict, expecting } from "../support/expectation.ts";

describeWithClient("stream metadata", (session) => {
  const revisions = async (stream: string): Promise<number[]> =>
    (await collect(session.client.readStream(stream))).map(revisionOf);

  test("a stream without metadata has none", async () => {
    const { metadata, streamName } = await session.client.getStreamMetadata(uniqueStream("metadata"));
    expect(metadata).toBeUndefined();
    expect(streamName).toMatch(/^tmspec_metadata/);
  });

  test("the bounds, the access list and own keys come back", async () => {
    const stream = uniqueStream("metadata");
    const metadata = {
      maxCount: 20,
      maxAge: 1000,
      truncateBefore: 4,
      cacheControl: 30,
      acl: { readRoles: ["$all"], writeRoles: ["$admins"] },
      owner: "team-a",
    };
    await session.client.setStreamMetadata(stream, metadata);
    expect((await session.client.getStreamMetadata(stream)).metadata).toEqual(metadata);
  });

  test("it may be set for a stream that was never written", async () => {
    const stream = uniqueStream("metadata");
    const result = await session.client.setStreamMetadata(
      stream,
      { maxCount: 1 },
      { ...expecting("no_stream") },
    );
    expect(result.nextExpectedRevision).toBe(0n);
    await expect(collect(session.client.readStream(stream))).rejects.toMatchObject({
      type: "stream-not-found",
    });
  });

  test("the last one set holds, as a whole", async () => {
    const stream = uniqueStream("metadata");
    await session.client.setStreamMetadata(stream, { maxCount: 1, owner: "me" });
    await session.client.setStreamMetadata(stream, { maxAge: 500 });
    expect((await session.client.getStreamMetadata(stream)).metadata).toEqual({ maxAge: 500 });
  });

  test("its stream shows the last entry alone", async () => {
    const stream = uniqueStream("metadata");
    for (const maxCount of [1, 2, 3]) await session.client.setStreamMetadata(stream, { maxCount });
    const entries = await collect(session.client.readStream(`$$${stream}`));
    expect(entries.map(revisionOf)).toEqual([2]);
    expect(entries[0]?.event).toMatchObject({ type: "$metadata", data: { $maxCount: 3 } });
  });

  test("a write with a wrong expected revision is refused", async () => {
    const stream = uniqueStream("metadata");
    await session.client.setStreamMetadata(stream, { maxCount: 1 });
    await expect(
      session.client.setStreamMetadata(stream, { maxCount: 2 }, { ...expecting("no_stream") }),
    ).rejects.toMatchObject(conflict({ actual: 0n }));
  });

  describe("maxCount", () => {
    test("hides all but the last events", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(10));
      await session.client.setStreamMetadata(stream, { maxCount: 3 });
      expect(await revisions(stream)).toEqual([7, 8, 9]);
    });

    test("moves on with every append", async () => {
      const stream = uniqueStream("metadata");
      await session.client.setStreamMetadata(stream, { maxCount: 2 });
      await session.client.appendToStream(stream, numberedEvents(3));
      await session.client.appendToStream(stream, numberedEvents(1));
      expect(await revisions(stream)).toEqual([2, 3]);
    });

    test("bounds reads backwards too", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(10));
      await session.client.setStreamMetadata(stream, { maxCount: 3 });
      const events = await collect(
        session.client.readStream(stream, { direction: "backwards", fromRevision: "end" }),
      );
      expect(events.map(revisionOf)).toEqual([9, 8, 7]);
    });

    test("when it is lifted the events are back", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(4));
      await session.client.setStreamMetadata(stream, { maxCount: 1 });
      expect(await revisions(stream)).toEqual([3]);
      await session.client.setStreamMetadata(stream, {});
      expect(await revisions(stream)).toEqual([0, 1, 2, 3]);
    });
  });

  describe("truncateBefore", () => {
    test("hides the events below it", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(5));
      await session.client.setStreamMetadata(stream, { truncateBefore: 3 });
      expect(await revisions(stream)).toEqual([3, 4]);
    });

    test("beyond the last event it leaves an existing, empty stream", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(5));
      await session.client.setStreamMetadata(stream, { truncateBefore: 7 });
      expect(await revisions(stream)).toEqual([]);
      const next = await session.client.appendToStream(stream, numberedEvents(1), { ...expecting(4n) });
      expect(next.nextExpectedRevision).toBe(5n);
    });

    test("and maxCount together: the greater bound holds", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(6));
      await session.client.setStreamMetadata(stream, { truncateBefore: 1, maxCount: 2 });
      expect(await revisions(stream)).toEqual([4, 5]);
      await session.client.setStreamMetadata(stream, { truncateBefore: 5, maxCount: 4 });
      expect(await revisions(stream)).toEqual([5]);
    });

    test("$all still shows what it hides", async () => {
      const stream = uniqueStream("metadata");
      await session.client.appendToStream(stream, numberedEvents(1));
      const [first] = await collect(session.client.readStream(stream));
      await session.client.appendToStream(stream, numberedEvents(2));
      await session.client.setStreamMetadata(stream, { truncateBefore: 2 });
      const fromPosition = first?.event?.position;
      if (fromPosition === undefined) throw new Error("no position");
      const [seen] = await collect(session.client.readAll({ fromPosition, maxCount: 1 }));
      expect(seen?.event?.id).toBe(first?.event?.id);
    });
  });

  test("maxAge hides events that are too old, and only them", async () => {
    const stream = uniqueStream("metadata");
    await session.client.setStreamMetadata(stream, { maxAge: 1 });
    await session.client.appendToStream(stream, numberedEvents(2));
    expect(await revisions(stream)).toEqual([0, 1]);
    await session.database.pass(1500);
    await session.client.appendToStream(stream, numberedEvents(1));
    expect(await revisions(stream)).toEqual([2]);
  });

  test("an entry that is no JSON object counts as empty", async () => {
    const stream = uniqueStream("metadata");
    await session.client.appendToStream(stream, numberedEvents(3));
    await session.client.setStreamMetadata(stream, { maxCount: 1 });
    await session.client.appendToStream(`$$${stream}`, jsonEvent({ type: "$metadata", data: [1] }));
    expect(await revisions(stream)).toEqual([0, 1, 2]);
  });
});
