import type { ResolvedEvent } from "@eventstore/db-client";
import { afterEach, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { numberOf, revisionOf } from "../support/collect.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { watch, type Watch } from "../support/watch.ts";

describeWithClient("subscriptions to a stream", (session) => {
  const watches: { stop(): Promise<void> }[] = [];
  const subscribe = (
    ...parameters: Parameters<typeof session.client.subscribeToStream>
  ): Watch<ResolvedEvent> => {
    const watched = watch(session.client.subscribeToStream(...parameters));
    watches.push(watched);
    return watched;
  };
  afterEach(async () => {
    for (const watched of watches.splice(0)) await watched.stop();
  });

  test("confirmation, history, caughtUp, live: in this order", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(3));
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(1));
    await subscription.received(4);
    expect(subscription.order).toEqual(["confirmation", "event", "event", "event", "caughtUp", "event"]);
  });

  test("from a revision it begins behind that revision", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(5));
    const subscription = subscribe(stream, { fromRevision: 2n });
    await subscription.caughtUp();
    expect(subscription.events.map(revisionOf)).toEqual([3, 4]);
  });

  test("from the last revision it begins with the next event", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(3));
    const subscription = subscribe(stream, { fromRevision: 2n });
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(1));
    expect((await subscription.received(1)).map(revisionOf)).toEqual([3]);
  });

  test("from a revision in the future it is silent until that revision has passed", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(2));
    const subscription = subscribe(stream, { fromRevision: 3n });
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(4, { from: 2 }));
    expect((await subscription.received(2)).map(revisionOf)).toEqual([4, 5]);
  });

  test("from the end it shows new events only", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(5));
    const subscription = subscribe(stream, { fromRevision: "end" });
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(2, { from: 5 }));
    expect((await subscription.received(2)).map(numberOf)).toEqual([5, 6]);
  });

  test("a stream that does not exist yet can be waited for", async () => {
    const stream = uniqueStream("subscribe");
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(2));
    expect((await subscription.received(2)).map(revisionOf)).toEqual([0, 1]);
  });

  test("a long history and what is appended meanwhile come once and in order", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(500));
    const subscription = subscribe(stream);
    for (let from = 500; from < 700; from += 20)
      await session.client.appendToStream(stream, numberedEvents(20, { from }));
    const events = await subscription.received(700);
    expect(events.map(numberOf)).toEqual(Array.from({ length: 700 }, (_, index) => index));
  });

  test("several subscriptions each get all", async () => {
    const stream = uniqueStream("subscribe");
    const subscriptions = [subscribe(stream), subscribe(stream), subscribe(stream)];
    await session.client.appendToStream(stream, numberedEvents(10));
    for (const subscription of subscriptions)
      expect((await subscription.received(10)).map(revisionOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("events of other streams are not shown", async () => {
    const stream = uniqueStream("subscribe");
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    await session.client.appendToStream(`${stream}-other`, numberedEvents(3));
    await session.client.appendToStream(stream, numberedEvents(1, { from: 9 }));
    expect((await subscription.received(1)).map(numberOf)).toEqual([9]);
  });

  test("after unsubscribe nothing comes any more", async () => {
    const stream = uniqueStream("subscribe");
    const stopped = watch(session.client.subscribeToStream(stream));
    await stopped.caughtUp();
    await stopped.stop();
    const other = subscribe(stream);
    await session.client.appendToStream(stream, numberedEvents(1));
    await other.received(1);
    expect(stopped.events).toEqual([]);
    expect(stopped.errors).toEqual([]);
  });

  test("history starts at the lower bound of the metadata", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(6));
    await session.client.setStreamMetadata(stream, { truncateBefore: 4 });
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    expect(subscription.events.map(revisionOf)).toEqual([4, 5]);
  });

  test("of a soft-deleted stream: nothing until it is revived", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(2));
    await session.client.deleteStream(stream);
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    await session.client.appendToStream(stream, numberedEvents(1));
    expect((await subscription.received(1)).map(revisionOf)).toEqual([2]);
  });

  test("to a tombstoned stream fails with stream-deleted", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(2));
    await session.client.tombstoneStream(stream);
    expect(await subscribe(stream).failed()).toMatchObject({ type: "stream-deleted" });
  });

  test("a tombstone ends a live one with stream-deleted", async () => {
    const stream = uniqueStream("subscribe");
    await session.client.appendToStream(stream, numberedEvents(2));
    const subscription = subscribe(stream);
    await subscription.caughtUp();
    await session.client.tombstoneStream(stream);
    expect(await subscription.failed()).toMatchObject({ type: "stream-deleted" });
    expect(subscription.events).toHaveLength(2);
  });
});
