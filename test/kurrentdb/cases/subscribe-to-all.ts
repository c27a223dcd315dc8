import type { AllStreamResolvedEvent, Filter, Position } from "@eventstore/db-client";
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { numberOf } from "../support/collect.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { watch, type Watch } from "../support/watch.ts";
import { waitFor } from "../../support/wait-for.ts";
import { eventTypeFilter, excludeSystemEvents, streamNameFilter } from "../support/client-library.ts";

describeWithClient("subscriptions to $all", (session) => {
  const watches: { stop(): Promise<void> }[] = [];
  const subscribe = (
    ...parameters: Parameters<typeof session.client.subscribeToAll>
  ): Watch<AllStreamResolvedEvent> => {
    const watched = watch(session.client.subscribeToAll(...parameters));
    watches.push(watched);
    return watched;
  };
  afterEach(async () => {
    for (const watched of watches.splice(0)) await watched.stop();
  });

  const append = async (stream: string, count = 1, type = "counted", from = 0): Promise<Position> => {
    const { position } = await session.client.appendToStream(stream, numberedEvents(count, { type, from }));
    if (position === undefined) throw new Error("no position");
    return position;
  };

  test("from a position it begins behind that event", async () => {
    const stream = uniqueStream("all");
    const fromPosition = await append(stream);
    await append(stream, 2, "counted", 1);
    const subscription = subscribe({ fromPosition });
    await subscription.caughtUp();
    expect(subscription.events.filter(({ event }) => event?.streamId === stream).map(numberOf)).toEqual([
      1, 2,
    ]);
  });

  test("from the end it shows new events only", async () => {
    const stream = uniqueStream("all");
    await append(stream);
    const subscription = subscribe({ fromPosition: "end", filter: streamNameFilter({ prefixes: [stream] }) });
    await subscription.caughtUp();
    await append(stream, 1, "counted", 7);
    expect((await subscription.received(1)).map(numberOf)).toEqual([7]);
  });

  test("from the start it shows all events, ours in order", async () => {
    const stream = uniqueStream("all");
    await append(stream, 20);
    const subscription = subscribe({
      fromPosition: "start",
      filter: streamNameFilter({ prefixes: [stream] }),
    });
    await subscription.caughtUp();
    expect(subscription.events.map(numberOf)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test("confirmation, history, caughtUp, live: in this order", async () => {
    const stream = uniqueStream("all");
    await append(stream, 2);
    const subscription = subscribe({ filter: streamNameFilter({ prefixes: [stream] }) });
    await subscription.caughtUp();
    await append(stream, 1);
    await subscription.received(3);
    expect(subscription.order).toEqual(["confirmation", "event", "event", "caughtUp", "event"]);
  });

  test("metadata entries and tombstones are shown", async () => {
    const stream = uniqueStream("all");
    const fromPosition = await append(stream);
    await session.client.setStreamMetadata(stream, { owner: "me" });
    await session.client.tombstoneStream(stream);
    const subscription = subscribe({ fromPosition });
    await subscription.caughtUp();
    const ours = subscription.events.filter(({ event }) => event?.streamId.endsWith(stream));
    expect(ours.map(({ event }) => event?.type)).toEqual(["$metadata", "$streamDeleted"]);
  });

  test("excludeSystemEvents leaves out what begins with $", async () => {
    const stream = uniqueStream("all");
    const fromPosition = await append(stream);
    await session.client.setStreamMetadata(stream, { owner: "me" });
    await append(stream);
    const subscription = subscribe({ fromPosition, filter: excludeSystemEvents() });
    await subscription.received(1);
    await subscription.caughtUp();
    expect(subscription.events.filter(({ event }) => event?.type.startsWith("$"))).toEqual([]);
  });

  describe("filters", () => {
    const filters: readonly { title: string; filter: (mark: string) => Filter; seen: readonly string[] }[] = [
      {
        title: "a prefix of the stream's name",
        filter: (mark) => streamNameFilter({ prefixes: [`tmspec_${mark}-a`] }),
        seen: ["a1:x", "a1:y", "a2:x"],
      },
      {
        title: "several prefixes of the stream's name",
        filter: (mark) => streamNameFilter({ prefixes: [`tmspec_${mark}-a1`, `tmspec_${mark}-b`] }),
        seen: ["a1:x", "a1:y", "b1:xy"],
      },
      {
        title: "a regular expression on the stream's name",
        filter: (mark) => streamNameFilter({ regex: `^tmspec_${mark}-.1$` }),
        seen: ["a1:x", "a1:y", "b1:xy"],
      },
      {
        title: "a prefix of the type",
        filter: (mark) => eventTypeFilter({ prefixes: [`${mark}-x`] }),
        seen: ["a1:x", "a2:x", "b1:xy"],
      },
      {
        title: "several prefixes of the type",
        filter: (mark) => eventTypeFilter({ prefixes: [`${mark}-xy`, `${mark}-y`] }),
        seen: ["a1:y", "b1:xy"],
      },
      {
        title: "a regular expression on the type",
        filter: (mark) => eventTypeFilter({ regex: `^${mark}-(x|y)$` }),
        seen: ["a1:x", "a1:y", "a2:x"],
      },
      {
        title: "what matches nothing",
        filter: (mark) => streamNameFilter({ prefixes: [`tmspec_${mark}-none`] }),
        seen: [],
      },
    ];

    test.each(filters)("$title: in history and live", async ({ filter, seen }) => {
      const mark = randomUUID();
      const write = async (): Promise<void> => {
        for (const [stream, type] of [
          ["a1", "x"],
          ["a1", "y"],
          ["a2", "x"],
          ["b1", "xy"],
        ])
          await append(`tmspec_${mark}-${stream}`, 1, `${mark}-${type}`);
      };
      const fromPosition = await append(uniqueStream("all"));
      await write();
      const subscription = subscribe({ fromPosition, filter: filter(mark) });
      await subscription.caughtUp();
      await write();
      const end = uniqueStream("all");
      const sentinel = subscribe({ fromPosition, filter: streamNameFilter({ prefixes: [end] }) });
      await append(end);
      await sentinel.received(1);
      await subscription.received(seen.length * 2);
      const label = ({ event }: AllStreamResolvedEvent): string =>
        `${event?.streamId.slice(-2)}:${event?.type.slice(mark.length + 1)}`;
      expect(subscription.events.map(label)).toEqual([...seen, ...seen]);
    });
  });

  describe("checkpoints", () => {
    test("a filter that matches nothing still reports how far it has looked", async () => {
      const stream = uniqueStream("all");
      const first = await append(stream);
      const last = await append(stream, 200);
      const checkpoints: Position[] = [];
      const subscription = subscribe({
        fromPosition: first,
        filter: streamNameFilter({
          prefixes: [uniqueStream("none")],
          checkpointInterval: 1,
          maxSearchWindow: 32,
          checkpointReached: (_, position) => void checkpoints.push(position),
        }),
      });
      await subscription.caughtUp();
      await waitFor(() => (checkpoints.at(-1)?.commit ?? 0n) >= last.commit, {
        what: "a checkpoint at the end",
      });
      expect(subscription.events).toEqual([]);
      expect(checkpoints.length).toBeGreaterThan(1);
      const commits = checkpoints.map(({ commit }) => commit);
      expect(commits).toEqual(commits.toSorted((a, b) => Number(a - b)));
    });

    test("they go on when live", async () => {
      const stream = uniqueStream("all");
      const fromPosition = await append(stream);
      const checkpoints: Position[] = [];
      const subscription = subscribe({
        fromPosition,
        filter: streamNameFilter({
          prefixes: [stream],
          checkpointInterval: 1,
          maxSearchWindow: 5,
          checkpointReached: (_, position) => void checkpoints.push(position),
        }),
      });
      await subscription.caughtUp();
      const before = checkpoints.length;
      for (let n = 0; n < 20; n++) await append(stream, 1, "counted", n);
      await subscription.received(20);
      await waitFor(() => checkpoints.length > before, { what: "a checkpoint while live" });
    });

    test("a larger interval gives fewer of them", async () => {
      const stream = uniqueStream("all");
      const fromPosition = await append(stream);
      await append(stream, 400);
      const count = async (checkpointInterval: number): Promise<number> => {
        let reached = 0;
        const subscription = subscribe({
          fromPosition,
          filter: streamNameFilter({
            prefixes: [uniqueStream("none")],
            checkpointInterval,
            maxSearchWindow: 10,
            checkpointReached: () => void reached++,
          }),
        });
        await subscription.caughtUp();
        return reached;
      };
      expect(await count(1)).toBeGreaterThan(await count(20));
    });

    test("resuming at the position of an event that was handled misses nothing", async () => {
      const stream = uniqueStream("all");
      const fromPosition = await append(stream);
      await append(stream, 50);
      const filter = streamNameFilter({ prefixes: [stream] });
      const first = subscribe({ fromPosition, filter });
      const handled = (await first.received(50))[24]?.event;
      if (handled === undefined) throw new Error("no event");
      const second = subscribe({ fromPosition: handled.position, filter });
      await second.received(25);
      await second.caughtUp();
      expect(second.events.map(numberOf)).toEqual(Array.from({ length: 25 }, (_, index) => index + 25));
    });
  });
});
