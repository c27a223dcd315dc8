import { describe, expect, test } from "vitest";
import { linkTo, numberedEvents, uniqueStream } from "../support/case-data.ts";
import { numberOf } from "../support/collect.ts";
import { fromStart, watchConsumer } from "../support/consumers.ts";
import { describeGroups } from "../support/describe-groups.ts";

describeGroups("delivery by persistent subscriptions", (session) => {
  describe("where a group begins", () => {
    test("at the start: history, then what is appended", async () => {
      const group = await session.group(3);
      const consumer = group.connect();
      await consumer.received(3);
      await group.append(2);
      expect((await consumer.received(5)).map(numberOf)).toEqual([0, 1, 2, 3, 4]);
    });

    test("at the end: what is appended after its creation", async () => {
      const group = await session.group(3, { startFrom: "end" });
      await group.append(2);
      expect((await group.connect().received(2)).map(numberOf)).toEqual([3, 4]);
    });

    test("at a revision, inclusive", async () => {
      const group = await session.group(5, { startFrom: 3n });
      expect((await group.connect().received(2)).map(numberOf)).toEqual([3, 4]);
    });

    test("at a revision that is not there yet", async () => {
      const group = await session.group(1, { startFrom: 2n });
      await group.append(3);
      expect((await group.connect().received(2)).map(numberOf)).toEqual([2, 3]);
    });

    test("of an empty stream: with its first event", async () => {
      const group = await session.group(0);
      const consumer = group.connect();
      await consumer.confirmed();
      await group.append(1);
      expect((await consumer.received(1)).map(numberOf)).toEqual([0]);
    });

    test("behind what the metadata truncates", async () => {
      const stream = uniqueStream("group");
      await session.client.appendToStream(stream, numberedEvents(5));
      await session.client.setStreamMetadata(stream, { truncateBefore: 3 });
      await session.client.createPersistentSubscriptionToStream(stream, "group", fromStart());
      const consumer = session.watched(
        watchConsumer(session.client.subscribeToPersistentSubscriptionToStream(stream, "group")),
      );
      expect((await consumer.received(2)).map(numberOf)).toEqual([3, 4]);
    });
  });

  describe("the buffer of a consumer", () => {
    test("bounds what it has in hand", async () => {
      const group = await session.group(10);
      const consumer = group.connect({ bufferSize: 3 });
      await consumer.received(3);
      expect((await group.info()).connections[0]?.inFlightMessages).toBe(3);
      expect(consumer.events).toHaveLength(3);
    });

    test("gets room by an acknowledgement", async () => {
      const group = await session.group(10);
      const consumer = group.connect({ bufferSize: 2 });
      await consumer.ack(await consumer.at(0));
      expect((await consumer.received(3)).map(numberOf)).toEqual([0, 1, 2]);
      await consumer.ack(await consumer.at(1), await consumer.at(2));
      expect((await consumer.received(5)).map(numberOf)).toEqual([0, 1, 2, 3, 4]);
    });

    test.each(["skip", "park", "retry"] as const)("gets room by %s", async (action) => {
      const group = await session.group(3);
      const consumer = group.connect({ bufferSize: 1 });
      await consumer.nack(action, await consumer.at(0));
      expect(numberOf(await consumer.at(1))).toBe(action === "retry" ? 0 : 1);
    });

    test("a long history flows through a small one", async () => {
      const group = await session.group(200);
      const consumer = group.connect({ bufferSize: 4 });
      consumer.ackAll();
      const events = await consumer.received(200);
      expect(events.map(numberOf)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    });
  });

  describe("what a consumer says", () => {
    test("an acknowledged event is not given again", async () => {
      const group = await session.group(2);
      const first = group.connect();
      await first.received(2);
      await first.ack(...first.events);
      await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
      await first.stop();
      const second = group.connect();
      await group.append(1);
      expect((await second.received(1)).map(numberOf)).toEqual([2]);
    });

    test("skip drops the event", async () => {
      const group = await session.group(2);
      const consumer = group.connect();
      await consumer.nack("skip", await consumer.at(0));
      await consumer.ack(await consumer.at(1));
      await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
      expect((await group.info()).stats.parkedMessageCount).toBe(0n);
      expect(consumer.events).toHaveLength(2);
    });

    test("retry gives it again and counts", async () => {
      const group = await session.group(1);
      const consumer = group.connect();
      for (let attempt = 0; attempt < 3; attempt++) await consumer.nack("retry", await consumer.at(attempt));
      expect((await consumer.received(4)).map(({ retryCount }) => retryCount)).toEqual([0, 1, 2, 3]);
      expect(new Set(consumer.events.map(({ event }) => event?.id)).size).toBe(1);
    });

    test("a retried event comes before later ones", async () => {
      const group = await session.group(3);
      const consumer = group.connect({ bufferSize: 1 });
      await consumer.nack("retry", await consumer.at(0));
      await consumer.ack(await consumer.at(1));
      expect((await consumer.received(3)).map(numberOf)).toEqual([0, 0, 1]);
    });

    test("stop leaves the event in hand", async () => {
      const group = await session.group(2);
      const consumer = group.connect();
      await consumer.nack("stop", await consumer.at(0));
      await consumer.ack(await consumer.at(1));
      await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(1);
      expect(consumer.errors).toEqual([]);
    });

    test("an event that another consumer has in hand cannot be acknowledged", async () => {
      const group = await session.group(1, { consumerStrategyName: "DispatchToSingle" });
      const owner = group.connect();
      const event = await owner.at(0);
      const other = group.connect();
      await other.confirmed();
      await other.ack(event);
      await group.append(1);
      await owner.received(2);
      expect((await group.info()).stats.totalInFlightMessages).toBe(2);
    });
  });

  describe("links", () => {
    test("resolved: the event comes with its link and is acknowledged by the link", async () => {
      const source = uniqueStream("group");
      await session.client.appendToStream(source, numberedEvents(2));
      const group = await session.group(0, { resolveLinkTos: true });
      await session.client.appendToStream(group.stream, [linkTo(source, 1), linkTo(source, 0)]);
      const consumer = group.connect();
      const events = await consumer.received(2);
      expect(events.map(numberOf)).toEqual([1, 0]);
      expect(events.every(({ link }) => link?.streamId === group.stream)).toBe(true);
      await consumer.ack(...events);
      await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
    });

    test("unresolved: the link is an event of its own", async () => {
      const source = uniqueStream("group");
      await session.client.appendToStream(source, numberedEvents(1));
      const group = await session.group(0);
      await session.client.appendToStream(group.stream, linkTo(source, 0));
      const event = await group.connect().at(0);
      expect(event.event?.type).toBe("$>");
      expect(event.link).toBeUndefined();
    });
  });

  describe("a consumer that leaves", () => {
    test("gives back what it has in hand, as a retry", async () => {
      const group = await session.group(3);
      const first = group.connect();
      await first.received(3);
      await first.stop();
      const events = await group.connect().received(3);
      expect(events.map(numberOf)).toEqual([0, 1, 2]);
      expect(events.map(({ retryCount }) => retryCount)).toEqual([1, 1, 1]);
    });

    test("leaves the others at work", async () => {
      const group = await session.group(20);
      const [first, second] = [group.connect({ bufferSize: 5 }), group.connect({ bufferSize: 5 })];
      await first.received(1);
      await first.stop();
      second.ackAll();
      await group.append(5);
      await expect.poll(() => new Set(second.events.map(numberOf)).size).toBe(25);
    });
  });

  test("two groups on one stream each get all", async () => {
    const group = await session.group(3);
    await session.client.createPersistentSubscriptionToStream(group.stream, "second", fromStart());
    const second = session.watched(
      watchConsumer(session.client.subscribeToPersistentSubscriptionToStream(group.stream, "second")),
    );
    expect((await group.connect().received(3)).map(numberOf)).toEqual([0, 1, 2]);
    expect((await second.received(3)).map(numberOf)).toEqual([0, 1, 2]);
  });

  test("an event in hand too long is given again, and counts as a retry", async () => {
    const group = await session.group(1, { messageTimeout: 1_000 });
    const consumer = group.connect();
    await consumer.received(1);
    await session.database.pass(2_500);
    const events = await consumer.received(2);
    expect(events.map(({ retryCount }) => retryCount).slice(0, 2)).toEqual([0, 1]);
  });

  test("an event acknowledged in time is not given again", async () => {
    const group = await session.group(1, { messageTimeout: 1_000 });
    const consumer = group.connect();
    await consumer.ack(await consumer.at(0));
    await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
    await session.database.pass(2_500);
    await group.append(1);
    expect((await consumer.received(2)).map(numberOf)).toEqual([0, 1]);
  });
});
