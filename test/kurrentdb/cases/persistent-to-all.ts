import type { Filter } from "@eventstore/db-client";
import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { linkTo, numberedEvents, uniqueStream } from "../support/case-data.ts";
import { allSettings, eventTypeFilter, streamNameFilter } from "../support/client-library.ts";
import { collect, numberOf } from "../support/collect.ts";
import { type ConsumerWatch, watchConsumer } from "../support/consumers.ts";
import { describeGroups } from "../support/describe-groups.ts";

describeGroups("persistent subscriptions to $all", (session) => {
  const groups: string[] = [];
  afterEach(async () => {
    for (const group of groups.splice(0)) await session.client.deletePersistentSubscriptionToAll(group);
  });
  const create = async (
    settings: Parameters<typeof allSettings>[0] = {},
    filter?: Filter,
  ): Promise<string> => {
    const name = `all-${randomUUID()}`;
    await session.client.createPersistentSubscriptionToAll(
      name,
      allSettings({ startFrom: "start", checkPointLowerBound: 1, checkPointUpperBound: 1, ...settings }),
      filter === undefined ? {} : { filter },
    );
    groups.push(name);
    return name;
  };
  const connect = (name: string, bufferSize = 10): ConsumerWatch =>
    session.watched(
      watchConsumer(session.client.subscribeToPersistentSubscriptionToAll(name, { bufferSize })),
    );
  const stats = async (name: string) => (await session.client.getPersistentSubscriptionToAllInfo(name)).stats;
  const only = (stream: string): Filter => streamNameFilter({ prefixes: [stream] });

  test("from the start with a filter: the history of the matching streams", async () => {
    const stream = uniqueStream("group");
    await session.client.appendToStream(stream, numberedEvents(3));
    const consumer = connect(await create({}, only(stream)));
    expect((await consumer.received(3)).map(numberOf)).toEqual([0, 1, 2]);
    await session.client.appendToStream(uniqueStream("other"), numberedEvents(1));
    await session.client.appendToStream(stream, numberedEvents(1, { from: 3 }));
    expect((await consumer.received(4)).map(numberOf)).toEqual([0, 1, 2, 3]);
  });

  test("from the end: new events only", async () => {
    const stream = uniqueStream("group");
    await session.client.appendToStream(stream, numberedEvents(2));
    const consumer = connect(await create({ startFrom: "end" }, only(stream)));
    await consumer.confirmed();
    await session.client.appendToStream(stream, numberedEvents(1, { from: 2 }));
    expect((await consumer.received(1)).map(numberOf)).toEqual([2]);
  });

  test("from a position, inclusive", async () => {
    const stream = uniqueStream("group");
    await session.client.appendToStream(stream, numberedEvents(3));
    const [, second] = await collect(session.client.readStream(stream));
    const startFrom = second?.event?.position;
    if (startFrom === undefined) throw new Error("no position");
    const consumer = connect(await create({ startFrom }, only(stream)));
    expect((await consumer.received(2)).map(numberOf)).toEqual([1, 2]);
  });

  test("a filter on types", async () => {
    const type = `type-${randomUUID()}`;
    const consumer = connect(await create({ startFrom: "end" }, eventTypeFilter({ regex: `^${type}$` })));
    await consumer.confirmed();
    await session.client.appendToStream(uniqueStream("group"), numberedEvents(1, { type: `${type}-not` }));
    await session.client.appendToStream(uniqueStream("group"), numberedEvents(1, { type, from: 5 }));
    expect((await consumer.received(1)).map(numberOf)).toEqual([5]);
  });

  test("an update keeps the filter", async () => {
    const stream = uniqueStream("group");
    const name = await create({}, only(stream));
    await session.client.updatePersistentSubscriptionToAll(name, allSettings({ startFrom: "start" }));
    await session.client.appendToStream(uniqueStream("other"), numberedEvents(2));
    await session.client.appendToStream(stream, numberedEvents(1, { from: 9 }));
    expect((await connect(name).received(1)).map(numberOf)).toEqual([9]);
  });

  test("the checkpoint is a position, and a group goes on behind it", async () => {
    const stream = uniqueStream("group");
    await session.client.appendToStream(stream, numberedEvents(4));
    const name = await create({}, only(stream));
    const first = connect(name);
    await first.received(4);
    await first.ack(await first.at(0), await first.at(1));
    const position = (await first.at(1)).event?.position;
    await expect.poll(async () => (await stats(name)).lastCheckpointedEventPosition).toEqual(position);
    await session.client.updatePersistentSubscriptionToAll(name, allSettings({ startFrom: "start" }));
    await first.failed();
    expect((await connect(name).received(2)).map(numberOf)).toEqual([2, 3]);
  });

  test("retry, park and replay", async () => {
    const stream = uniqueStream("group");
    await session.client.appendToStream(stream, numberedEvents(2));
    const name = await create({ maxRetryCount: 1 }, only(stream));
    const consumer = connect(name);
    await consumer.received(2);
    await consumer.nack("retry", await consumer.at(0));
    expect(await consumer.at(2)).toMatchObject({ retryCount: 1 });
    await consumer.nack("park", await consumer.at(1), await consumer.at(2));
    await expect.poll(async () => (await stats(name)).parkedMessageCount).toBe(2n);
    await session.client.replayParkedMessagesToAll(name);
    const replayed = (await consumer.received(5)).slice(3);
    expect(new Set(replayed.map(numberOf))).toEqual(new Set([0, 1]));
    await expect.poll(async () => (await stats(name)).parkedMessageCount).toBe(0n);
  });

  test("links are resolved when asked for", async () => {
    const [source, links] = [uniqueStream("source"), uniqueStream("group")];
    await session.client.appendToStream(source, numberedEvents(1, { from: 4 }));
    await session.client.appendToStream(links, linkTo(source, 0));
    const consumer = connect(await create({ resolveLinkTos: true }, only(links)));
    const event = await consumer.at(0);
    expect(numberOf(event)).toBe(4);
    expect(event.link?.streamId).toBe(links);
  });

  test("what a group on $all writes about itself is not given to it", async () => {
    const stream = uniqueStream("group");
    const name = await create({ startFrom: "end" });
    const consumer = connect(name, 1_000);
    consumer.ackAll();
    await session.client.appendToStream(stream, numberedEvents(20));
    await expect
      .poll(() => consumer.events.filter(({ event }) => event?.streamId === stream).length)
      .toBe(20);
    await expect.poll(async () => (await stats(name)).lastCheckpointedEventPosition).toBeDefined();
    await session.client.appendToStream(stream, numberedEvents(1));
    await expect
      .poll(() => consumer.events.filter(({ event }) => event?.streamId === stream).length)
      .toBe(21);
    const own = consumer.events.filter(({ event }) =>
      event?.streamId.startsWith("$persistentsubscription-$all"),
    );
    expect(own).toEqual([]);
  });

  test("the consumers share the events", async () => {
    const stream = uniqueStream("group");
    const name = await create({ startFrom: "end" }, only(stream));
    const watches = [connect(name), connect(name)];
    for (const consumer of watches) {
      await consumer.confirmed();
      consumer.ackAll();
    }
    await session.client.appendToStream(stream, numberedEvents(30));
    await expect.poll(() => watches.reduce((sum, { events }) => sum + events.length, 0)).toBe(30);
    expect(new Set(watches.flatMap(({ events }) => events.map(numberOf))).size).toBe(30);
  });
});
