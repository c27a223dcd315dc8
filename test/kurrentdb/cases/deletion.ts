import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, numberOf, revisionOf } from "../support/collect.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { conflict, expecting } from "../support/expectation.ts";

const notFound = { type: "stream-not-found" };
const deleted = { type: "stream-deleted" };

describeWithClient("deletion", (session) => {
  const streamOfThree = async (): Promise<string> => {
    const stream = uniqueStream("deletion");
    await session.client.appendToStream(stream, numberedEvents(3));
    return stream;
  };

  describe("soft delete", () => {
    test.each(["forwards", "backwards"] as const)("a deleted stream is not found %s", async (direction) => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      const fromRevision = direction === "forwards" ? "start" : "end";
      await expect(
        collect(session.client.readStream(stream, { direction, fromRevision })),
      ).rejects.toMatchObject(notFound);
    });

    test("it answers a position behind the stream's events", async () => {
      const stream = uniqueStream("deletion");
      const appended = await session.client.appendToStream(stream, numberedEvents(1));
      const { position } = await session.client.deleteStream(stream);
      expect(position?.commit).toBeGreaterThan(appended.position?.commit ?? 0n);
    });

    test("the next append goes on at the next revision, and only it is seen", async () => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      const result = await session.client.appendToStream(stream, numberedEvents(2, { from: 10 }));
      expect(result.nextExpectedRevision).toBe(4n);
      const events = await collect(session.client.readStream(stream));
      expect(events.map(revisionOf)).toEqual([3, 4]);
      expect(events.map(numberOf)).toEqual([10, 11]);
    });

    test("a stream can be deleted and revived twice", async () => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      await session.client.appendToStream(stream, numberedEvents(1));
      await session.client.deleteStream(stream);
      await expect(collect(session.client.readStream(stream))).rejects.toMatchObject(notFound);
      await session.client.appendToStream(stream, numberedEvents(1));
      expect((await collect(session.client.readStream(stream))).map(revisionOf)).toEqual([4]);
    });

    test("with the current revision it succeeds, with another it is refused", async () => {
      const stream = await streamOfThree();
      await expect(session.client.deleteStream(stream, { ...expecting(1n) })).rejects.toMatchObject(
        conflict({ stream, actual: 2n }),
      );
      await session.client.deleteStream(stream, { ...expecting(2n) });
      await expect(collect(session.client.readStream(stream))).rejects.toMatchObject(notFound);
    });

    test("expecting no stream, an existing one is not deleted", async () => {
      const stream = await streamOfThree();
      await expect(session.client.deleteStream(stream, { ...expecting("no_stream") })).rejects.toMatchObject(
        conflict({}),
      );
      expect(await collect(session.client.readStream(stream))).toHaveLength(3);
    });

    test("it is written to the stream's metadata", async () => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      const { metadata } = await session.client.getStreamMetadata(stream);
      expect(Number(metadata?.truncateBefore)).toBeGreaterThanOrEqual(2 ** 63);
    });

    test("the append that revives moves truncateBefore to its first event", async () => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      await session.client.appendToStream(stream, numberedEvents(2));
      const { metadata } = await session.client.getStreamMetadata(stream);
      expect(metadata).toMatchObject({ truncateBefore: 3 });
    });
  });

  describe("tombstone", () => {
    test("a tombstoned stream answers stream-deleted to a read", async () => {
      const stream = await streamOfThree();
      await session.client.tombstoneStream(stream);
      await expect(collect(session.client.readStream(stream))).rejects.toMatchObject(deleted);
    });

    test("it answers a position", async () => {
      const { position } = await session.client.tombstoneStream(await streamOfThree());
      expect(position?.commit).toBeGreaterThan(0n);
    });

    test("it cannot be deleted any more", async () => {
      const stream = await streamOfThree();
      await session.client.tombstoneStream(stream);
      await expect(session.client.deleteStream(stream)).rejects.toMatchObject(deleted);
    });

    test("a soft-deleted stream can be tombstoned", async () => {
      const stream = await streamOfThree();
      await session.client.deleteStream(stream);
      await session.client.tombstoneStream(stream);
      await expect(session.client.appendToStream(stream, numberedEvents(1))).rejects.toMatchObject(deleted);
    });

    test("a stream that was never written can be tombstoned", async () => {
      const stream = uniqueStream("deletion");
      await session.client.tombstoneStream(stream, { ...expecting("no_stream") });
      await expect(session.client.appendToStream(stream, numberedEvents(1))).rejects.toMatchObject(deleted);
    });

    test("with another revision than the current one it is refused", async () => {
      const stream = await streamOfThree();
      await expect(session.client.tombstoneStream(stream, { ...expecting(5n) })).rejects.toMatchObject(
        conflict({ actual: 2n }),
      );
      await session.client.tombstoneStream(stream, { ...expecting(2n) });
    });

    test("its metadata cannot be written any more", async () => {
      const stream = await streamOfThree();
      await session.client.tombstoneStream(stream);
      await expect(session.client.setStreamMetadata(stream, { maxCount: 1 })).rejects.toMatchObject(deleted);
    });

    test("$all shows it as an event of type $streamDeleted", async () => {
      const stream = uniqueStream("deletion");
      const { position } = await session.client.appendToStream(stream, numberedEvents(1));
      await session.client.tombstoneStream(stream);
      if (position === undefined) throw new Error("no position");
      const log = await collect(session.client.readAll({ fromPosition: position, maxCount: 1000 }));
      const ofStream = log.filter(({ event }) => event?.streamId === stream);
      expect(ofStream.map(({ event }) => event?.type)).toEqual(["counted", "$streamDeleted"]);
    });
  });
});
