import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { numberOf } from "../support/collect.ts";
import { fromStart, watchConsumer } from "../support/consumers.ts";
import { describeGroups } from "../support/describe-groups.ts";
import { allSettings, streamNameFilter } from "../support/client-library.ts";

const missing = { type: "persistent-subscription-does-not-exist" };
const failed = { type: "persistent-subscription-failed" };

describeGroups("administration of persistent subscriptions", (session) => {
  test("a group is created for a stream that does not exist yet", async () => {
    const group = await session.group(0);
    expect(await group.info()).toMatchObject({
      eventSource: group.stream,
      groupName: group.name,
      connections: [],
    });
  });

  test("the same group cannot be created twice", async () => {
    const { stream, name } = await session.group(0);
    await expect(
      session.client.createPersistentSubscriptionToStream(stream, name, fromStart()),
    ).rejects.toMatchObject({ type: "persistent-subscription-exists", streamName: stream, groupName: name });
  });

  test("two groups on one stream are two", async () => {
    const { stream, name } = await session.group(0);
    await session.client.createPersistentSubscriptionToStream(stream, `${name}-2`, fromStart());
    const list = await session.client.listPersistentSubscriptionsToStream(stream);
    expect(list.map(({ groupName }) => groupName).toSorted()).toEqual([name, `${name}-2`]);
  });

  test("what does not exist cannot be updated, deleted, shown, replayed or listed", async () => {
    const { client } = session;
    const [stream, name] = [uniqueStream("group"), "nobody"];
    for (const call of [
      async () => await client.updatePersistentSubscriptionToStream(stream, name, fromStart()),
      async () => await client.deletePersistentSubscriptionToStream(stream, name),
      async () => await client.getPersistentSubscriptionToStreamInfo(stream, name),
      async () => await client.replayParkedMessagesToStream(stream, name),
      async () => await client.listPersistentSubscriptionsToStream(stream),
    ])
      await expect(call()).rejects.toMatchObject({ ...missing, streamName: stream });
  });

  test("of $all: what does not exist cannot be updated, deleted, shown or replayed", async () => {
    const { client } = session;
    const name = `nobody-${randomUUID()}`;
    for (const call of [
      async () => await client.updatePersistentSubscriptionToAll(name, allSettings()),
      async () => await client.deletePersistentSubscriptionToAll(name),
      async () => await client.getPersistentSubscriptionToAllInfo(name),
      async () => await client.replayParkedMessagesToAll(name),
    ])
      await expect(call()).rejects.toMatchObject(missing);
  });

  test("a consumer of a group that does not exist fails", async () => {
    const stream = uniqueStream("group");
    const consumer = session.watched(
      watchConsumer(session.client.subscribeToPersistentSubscriptionToStream(stream, "nobody")),
    );
    expect(await consumer.failed()).toMatchObject({ ...missing, streamName: stream, groupName: "nobody" });
  });

  test("a deleted group is gone, and can be created again", async () => {
    const group = await session.group(0);
    await session.client.deletePersistentSubscriptionToStream(group.stream, group.name);
    await expect(group.info()).rejects.toMatchObject(missing);
    await session.client.createPersistentSubscriptionToStream(group.stream, group.name, fromStart());
    await group.info();
  });

  test("deleting a group ends its consumers", async () => {
    const group = await session.group(1);
    const consumer = group.connect();
    await consumer.received(1);
    await session.client.deletePersistentSubscriptionToStream(group.stream, group.name);
    expect(await consumer.failed()).toMatchObject({ type: "persistent-subscription-dropped" });
  });

  test("a group that was deleted and created again begins anew", async () => {
    const group = await session.group(3, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
    const first = group.connect();
    first.ackAll();
    await first.received(3);
    await session.client.deletePersistentSubscriptionToStream(group.stream, group.name);
    await first.failed();
    await session.client.createPersistentSubscriptionToStream(group.stream, group.name, fromStart());
    expect((await group.connect().received(3)).map(numberOf)).toEqual([0, 1, 2]);
  });

  test("the settings come back", async () => {
    const settings = {
      resolveLinkTos: true,
      extraStatistics: true,
      messageTimeout: 12_000,
      maxRetryCount: 7,
      checkPointAfter: 3_000,
      checkPointLowerBound: 5,
      checkPointUpperBound: 50,
      maxSubscriberCount: 4,
      liveBufferSize: 300,
      readBatchSize: 15,
      historyBufferSize: 250,
      consumerStrategyName: "DispatchToSingle",
      startFrom: 3n,
    } as const;
    const group = await session.group(5, settings);
    expect((await group.info()).settings).toEqual(settings);
  });

  test.each(["DispatchToSingle", "RoundRobin", "Pinned"])("the strategy %s comes back", async (name) => {
    const group = await session.group(0, { consumerStrategyName: name });
    expect((await group.info()).settings.consumerStrategyName).toBe(name);
  });

  test.each(["start", "end"] as const)(
    "a start at the %s comes back, without a bound of subscribers",
    async (startFrom) => {
      const group = await session.group(0, { startFrom });
      expect((await group.info()).settings).toMatchObject({ startFrom, maxSubscriberCount: "unbounded" });
    },
  );

  test("an update changes the settings", async () => {
    const group = await session.group(0, { maxRetryCount: 1 });
    await session.client.updatePersistentSubscriptionToStream(
      group.stream,
      group.name,
      fromStart({ maxRetryCount: 9, consumerStrategyName: "Pinned" }),
    );
    expect((await group.info()).settings).toMatchObject({ maxRetryCount: 9, consumerStrategyName: "Pinned" });
  });

  test("an update ends the consumers; who comes back goes on", async () => {
    const group = await session.group(4, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
    const first = group.connect();
    await first.received(4);
    await first.ack(await first.at(0), await first.at(1));
    await session.client.updatePersistentSubscriptionToStream(group.stream, group.name, fromStart());
    expect(await first.failed()).toMatchObject({ type: "persistent-subscription-dropped" });
    const second = group.connect();
    const events = await second.received(2);
    expect(events.slice(-2).map(numberOf)).toEqual([2, 3]);
  });

  test("a batch as large as the history buffer is refused", async () => {
    const stream = uniqueStream("group");
    await expect(
      session.client.createPersistentSubscriptionToStream(
        stream,
        "group",
        fromStart({ readBatchSize: 20, historyBufferSize: 20 }),
      ),
    ).rejects.toMatchObject(failed);
  });

  test("a consumer too many is refused", async () => {
    const group = await session.group(0, { maxSubscriberCount: 1 });
    await group.connect().confirmed();
    expect(await group.connect().failed()).toMatchObject({
      type: "maximum-subscribers-reached",
      streamName: group.stream,
      groupName: group.name,
    });
  });

  test("the place of a consumer that left can be taken", async () => {
    const group = await session.group(1, { maxSubscriberCount: 1 });
    const first = group.connect();
    await first.received(1);
    await first.stop();
    await expect.poll(async () => (await group.info()).connections.length).toBe(0);
    await group.connect().received(1);
  });

  test("the connections are shown with what they have in hand", async () => {
    const group = await session.group(5);
    const consumer = group.connect({ bufferSize: 3 });
    await consumer.received(3);
    const { connections, stats } = await group.info();
    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({ inFlightMessages: 3, availableSlots: 0 });
    expect(stats.totalInFlightMessages).toBe(3);
    await consumer.ack(...consumer.events);
    await consumer.received(5);
    await expect.poll(async () => (await group.info()).connections[0]?.totalItems).toBe(5n);
  });

  test("extra statistics measure the consumers", async () => {
    const group = await session.group(5, { extraStatistics: true });
    const consumer = group.connect();
    consumer.ackAll();
    await consumer.received(5);
    await expect
      .poll(async () => [...((await group.info()).connections[0]?.extraStatistics?.keys() ?? [])])
      .toEqual(
        expect.arrayContaining(["mean", "median", "fastest", "quintile 1", "90%", "99.9%", "highest"]),
      );
  });

  test("all groups are listed", async () => {
    const { stream, name } = await session.group(0);
    const all = `all-${randomUUID()}`;
    await session.client.createPersistentSubscriptionToAll(all, allSettings());
    const list = await session.client.listAllPersistentSubscriptions();
    expect(list).toContainEqual(expect.objectContaining({ eventSource: stream, groupName: name }));
    expect(list).toContainEqual(expect.objectContaining({ eventSource: "$all", groupName: all }));
    const ofAll = await session.client.listPersistentSubscriptionsToAll();
    expect(ofAll.every(({ eventSource }) => eventSource === "$all")).toBe(true);
    await session.client.deletePersistentSubscriptionToAll(all);
  });

  test("a group on $all is created, shown, updated and deleted", async () => {
    const name = `all-${randomUUID()}`;
    const { client } = session;
    await client.createPersistentSubscriptionToAll(name, allSettings({ startFrom: "start" }), {
      filter: streamNameFilter({ prefixes: [uniqueStream("none")] }),
    });
    await expect(client.createPersistentSubscriptionToAll(name, allSettings())).rejects.toMatchObject({
      type: "persistent-subscription-exists",
    });
    expect((await client.getPersistentSubscriptionToAllInfo(name)).settings.startFrom).toBe("start");
    await client.updatePersistentSubscriptionToAll(name, allSettings({ startFrom: "end", maxRetryCount: 2 }));
    expect((await client.getPersistentSubscriptionToAllInfo(name)).settings).toMatchObject({
      startFrom: "end",
      maxRetryCount: 2,
    });
    await client.deletePersistentSubscriptionToAll(name);
    await expect(client.getPersistentSubscriptionToAllInfo(name)).rejects.toMatchObject(missing);
  });

  test("a group on $all cannot start beyond the end of the log", async () => {
    const beyond = { commit: 2n ** 60n, prepare: 2n ** 60n };
    await expect(
      session.client.createPersistentSubscriptionToAll(
        `all-${randomUUID()}`,
        allSettings({ startFrom: beyond }),
      ),
    ).rejects.toMatchObject(failed);
  });

  test("creating a group is written to the log", async () => {
    const { position } = await session.client.appendToStream(uniqueStream("group"), numberedEvents(1));
    await session.group(0);
    if (position === undefined) throw new Error("no position");
    const types: (string | undefined)[] = [];
    for await (const { event } of session.client.readAll({ fromPosition: position, maxCount: 50 }))
      types.push(event?.type);
    expect(types).toContain("$PersistentConfig");
  });
});
