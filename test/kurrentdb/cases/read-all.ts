import type { AllStreamResolvedEvent, Position } from "@eventstore/db-client";
import { expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect } from "../support/collect.ts";
import { startSetsDirection, turnsAround } from "../support/client-limits.ts";
import { describeWithClient } from "../support/describe-with-client.ts";

describeWithClient("reads of $all", (session) => {
  /** Three streams with one event each, in order, and where they stand in the log. */
  const threeEvents = async (): Promise<{ streams: string[]; positions: [Position, Position, Position] }> => {
    const streams: string[] = [];
    const write = async (): Promise<Position> => {
      const stream = uniqueStream("all");
      streams.push(stream);
      const { position } = await session.client.appendToStream(stream, numberedEvents(1));
      if (position === undefined) throw new Error("no position");
      return position;
    };
    return { streams, positions: [await write(), await write(), await write()] };
  };
  const ours = (log: AllStreamResolvedEvent[], streams: string[]): number[] =>
    log.flatMap(({ event }) => {
      const index = event === undefined ? -1 : streams.indexOf(event.streamId);
      return index < 0 ? [] : [index];
    });

  test("forwards from a position includes the event at that position", async () => {
    const { streams, positions } = await threeEvents();
    const log = await collect(session.client.readAll({ fromPosition: positions[1], maxCount: 500 }));
    expect(log[0]?.event?.streamId).toBe(streams[1]);
    expect(ours(log, streams)).toEqual([1, 2]);
  });

  test("backwards from a position excludes the event at that position", async () => {
    const { streams, positions } = await threeEvents();
    const log = await collect(
      session.client.readAll({ direction: "backwards", fromPosition: positions[2], maxCount: 500 }),
    );
    expect(ours(log, streams)).toEqual([1, 0]);
  });

  test("backwards from the end begins with the newest events", async () => {
    const { streams } = await threeEvents();
    const log = await collect(
      session.client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 500 }),
    );
    expect(ours(log, streams)).toEqual([2, 1, 0]);
  });

  test("a limit holds in both directions", async () => {
    const { positions } = await threeEvents();
    expect(await collect(session.client.readAll({ fromPosition: positions[0], maxCount: 2 }))).toHaveLength(
      2,
    );
    expect(
      await collect(session.client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 2 })),
    ).toHaveLength(2);
  });

  test("forwards from the end finds nothing but what comes while reading", async (context) => {
    if (turnsAround({ fromRevision: "end" })) context.skip(startSetsDirection);
    const { streams } = await threeEvents();
    const log = await collect(session.client.readAll({ fromPosition: "end", maxCount: 10 }));
    expect(ours(log, streams)).toEqual([]);
  });

  test("backwards from the start finds nothing", async (context) => {
    if (turnsAround({ direction: "backwards", fromRevision: "start" })) context.skip(startSetsDirection);
    expect(
      await collect(session.client.readAll({ direction: "backwards", fromPosition: "start", maxCount: 10 })),
    ).toEqual([]);
  });

  test("positions increase strictly, and commit equals prepare", async () => {
    const { positions } = await threeEvents();
    const log = await collect(session.client.readAll({ fromPosition: positions[0], maxCount: 100 }));
    const seen = log.map(({ event }) => event?.position);
    for (const [index, position] of seen.entries()) {
      expect(position?.prepare).toBe(position?.commit);
      if (index > 0) expect(position?.commit).toBeGreaterThan(seen[index - 1]?.commit ?? 0n);
    }
  });

  test("the events of one append have positions of their own", async () => {
    const stream = uniqueStream("all");
    await session.client.appendToStream(stream, numberedEvents(5));
    const events = await collect(session.client.readStream(stream));
    expect(new Set(events.map(({ event }) => event?.position?.commit)).size).toBe(5);
  });

  test("the same event has the same position in its stream and in $all", async () => {
    const stream = uniqueStream("all");
    await session.client.appendToStream(stream, numberedEvents(1));
    const [inStream] = await collect(session.client.readStream(stream));
    const fromPosition = inStream?.event?.position;
    if (fromPosition === undefined) throw new Error("no position");
    const [inAll] = await collect(session.client.readAll({ fromPosition, maxCount: 1 }));
    expect(inAll?.event?.id).toBe(inStream?.event?.id);
    expect(inAll?.commitPosition).toBe(fromPosition.commit);
  });

  test("metadata entries are visible", async () => {
    const stream = uniqueStream("all");
    const { position } = await session.client.appendToStream(stream, numberedEvents(1));
    await session.client.setStreamMetadata(stream, { owner: "me" });
    if (position === undefined) throw new Error("no position");
    const log = await collect(session.client.readAll({ fromPosition: position, maxCount: 100 }));
    expect(log.some(({ event }) => event?.streamId === `$$${stream}` && event.type === "$metadata")).toBe(
      true,
    );
  });

  test("the events of a soft-deleted stream stay visible", async () => {
    const { streams, positions } = await threeEvents();
    await session.client.deleteStream(streams[1] ?? "");
    const log = await collect(session.client.readAll({ fromPosition: positions[0], maxCount: 100 }));
    expect(ours(log, streams)).toEqual([0, 1, 2]);
  });
});
