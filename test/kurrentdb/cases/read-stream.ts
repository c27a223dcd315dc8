import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, revisionOf } from "../support/collect.ts";
import { startSetsDirection, turnsAround } from "../support/client-limits.ts";
import { describeWithClient } from "../support/describe-with-client.ts";

const cases = [
  { title: "forwards from the start", options: {}, revisions: [0, 1, 2, 3, 4] },
  { title: "forwards from a revision, inclusive", options: { fromRevision: 2n }, revisions: [2, 3, 4] },
  { title: "forwards from the last revision", options: { fromRevision: 4n }, revisions: [4] },
  { title: "forwards from behind the end", options: { fromRevision: 5n }, revisions: [] },
  { title: "forwards from far behind the end", options: { fromRevision: 1000n }, revisions: [] },
  { title: "forwards from the end", options: { fromRevision: "end" }, revisions: [] },
  { title: "forwards with a limit", options: { maxCount: 2 }, revisions: [0, 1] },
  { title: "forwards with a limit above the count", options: { maxCount: 50 }, revisions: [0, 1, 2, 3, 4] },
  {
    title: "forwards from a revision with a limit",
    options: { fromRevision: 1n, maxCount: 2 },
    revisions: [1, 2],
  },
  {
    title: "backwards from the end",
    options: { direction: "backwards", fromRevision: "end" },
    revisions: [4, 3, 2, 1, 0],
  },
  {
    title: "backwards from a revision, inclusive",
    options: { direction: "backwards", fromRevision: 2n },
    revisions: [2, 1, 0],
  },
  {
    title: "backwards from the start",
    options: { direction: "backwards", fromRevision: "start" },
    revisions: [0],
  },
  {
    title: "backwards from behind the end",
    options: { direction: "backwards", fromRevision: 1000n },
    revisions: [4, 3, 2, 1, 0],
  },
  {
    title: "backwards from the end with a limit of one",
    options: { direction: "backwards", fromRevision: "end", maxCount: 1 },
    revisions: [4],
  },
  {
    title: "backwards from a revision with a limit",
    options: { direction: "backwards", fromRevision: 3n, maxCount: 2 },
    revisions: [3, 2],
  },
] as const;

describeWithClient("reads of a stream", (session) => {
  describe("of five events", () => {
    test.for(cases)("$title", async ({ options, revisions }, context) => {
      if (turnsAround(options)) context.skip(startSetsDirection);
      const stream = uniqueStream("read");
      await session.client.appendToStream(stream, numberedEvents(5));
      const events = await collect(session.client.readStream(stream, options));
      expect(events.map(revisionOf)).toEqual(revisions);
    });
  });

  test.each(["forwards", "backwards"] as const)(
    "a stream that was never written is not found %s",
    async (direction) => {
      const stream = uniqueStream("read");
      const fromRevision = direction === "forwards" ? "start" : "end";
      await expect(
        collect(session.client.readStream(stream, { direction, fromRevision })),
      ).rejects.toMatchObject({
        type: "stream-not-found",
        streamName: stream,
      });
    },
  );

  test("a stream with metadata alone is not found", async () => {
    const stream = uniqueStream("read");
    await session.client.setStreamMetadata(stream, { owner: "me" });
    await expect(collect(session.client.readStream(stream))).rejects.toMatchObject({
      type: "stream-not-found",
    });
  });

  test("a stream of 3,000 events comes whole and in order", async () => {
    const stream = uniqueStream("read");
    for (let from = 0; from < 3000; from += 1000)
      await session.client.appendToStream(stream, numberedEvents(1000, { from }));
    const events = await collect(session.client.readStream(stream));
    expect(events.map(revisionOf)).toEqual(Array.from({ length: 3000 }, (_, index) => index));
  });

  test("a read that is left early does not disturb the next one", async () => {
    const stream = uniqueStream("read");
    await session.client.appendToStream(stream, numberedEvents(500));
    for await (const resolved of session.client.readStream(stream)) if (revisionOf(resolved) === 3) break;
    expect(await collect(session.client.readStream(stream, { fromRevision: 490n }))).toHaveLength(10);
  });

  test("a limited read below the lower bound finds the events above it", async () => {
    const stream = uniqueStream("read");
    await session.client.appendToStream(stream, numberedEvents(10));
    await session.client.setStreamMetadata(stream, { truncateBefore: 6 });
    const events = await collect(session.client.readStream(stream, { fromRevision: 1n, maxCount: 2 }));
    expect(events.map(revisionOf)).toEqual([6, 7]);
  });

  test("parallel reads of one client do not mix", async () => {
    const streams = Array.from({ length: 8 }, () => uniqueStream("read"));
    for (const stream of streams) await session.client.appendToStream(stream, numberedEvents(20));
    const reads = await Promise.all(
      streams.map(async (stream) => collect(session.client.readStream(stream))),
    );
    reads.forEach((events, index) => {
      expect(new Set(events.map(({ event }) => event?.streamId))).toEqual(new Set([streams[index]]));
      expect(events).toHaveLength(20);
    });
  });
});
