import { expect, test } from "vitest";
import { collect, numberOf } from "../support/collect.ts";
import { fromStart } from "../support/consumers.ts";
import { type Group, describeGroups } from "../support/describe-groups.ts";

const everyEvent = { checkPointLowerBound: 1, checkPointUpperBound: 1 };

describeGroups("checkpoints of persistent subscriptions", (session) => {
  const checkpoint = (group: Group) =>
    expect.poll(async () => (await group.info()).stats.lastCheckpointedEventRevision);
  /** Ends the consumers and makes the group begin at its checkpoint. */
  const restart = async ({ stream, name }: Group, settings = everyEvent): Promise<void> =>
    await session.client.updatePersistentSubscriptionToStream(stream, name, fromStart(settings));

  test("a new group has none", async () => {
    const group = await session.group(3);
    expect((await group.info()).stats.lastCheckpointedEventRevision).toBeUndefined();
  });

  test("it is the last event when all are done", async () => {
    const group = await session.group(5, everyEvent);
    const consumer = group.connect();
    consumer.ackAll();
    await consumer.received(5);
    await checkpoint(group).toBe(4n);
  });

  test("it stays below the first event that is not done", async () => {
    const group = await session.group(5, everyEvent);
    const consumer = group.connect();
    await consumer.received(5);
    await consumer.ack(
      await consumer.at(0),
      await consumer.at(1),
      await consumer.at(3),
      await consumer.at(4),
    );
    await checkpoint(group).toBe(1n);
    await consumer.ack(await consumer.at(2));
    await checkpoint(group).toBe(4n);
  });

  test("skipped and parked events are done", async () => {
    const group = await session.group(3, everyEvent);
    const consumer = group.connect();
    await consumer.nack("skip", await consumer.at(0));
    await consumer.nack("park", await consumer.at(1));
    await consumer.ack(await consumer.at(2));
    await checkpoint(group).toBe(2n);
  });

  test("an event to be retried is not done", async () => {
    const group = await session.group(2, everyEvent);
    const consumer = group.connect({ bufferSize: 2 });
    await consumer.received(2);
    await consumer.ack(await consumer.at(1));
    await consumer.nack("retry", await consumer.at(0));
    await consumer.received(3);
    expect((await group.info()).stats.lastCheckpointedEventRevision).toBeUndefined();
    await consumer.ack(await consumer.at(2));
    await checkpoint(group).toBe(1n);
  });

  test("it is kept in a stream of the group", async () => {
    const group = await session.group(3, everyEvent);
    const consumer = group.connect();
    consumer.ackAll();
    await consumer.received(3);
    await checkpoint(group).toBe(2n);
    const stream = `$persistentsubscription-${group.stream}::${group.name}-checkpoint`;
    const entries = await collect(
      session.client.readStream(stream, { direction: "backwards", fromRevision: "end", maxCount: 1 }),
    );
    expect(entries[0]?.event).toMatchObject({ type: "$SubscriptionCheckpoint", data: "2" });
  });

  test("below the lower bound none is written", async () => {
    const group = await session.group(5, { checkPointLowerBound: 50, checkPointUpperBound: 100 });
    const consumer = group.connect();
    consumer.ackAll();
    await consumer.received(5);
    await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
    await session.database.pass(3_500);
    expect((await group.info()).stats.lastCheckpointedEventRevision).toBeUndefined();
  });

  test("between the bounds one is written when the time has come", async () => {
    const group = await session.group(5, {
      checkPointLowerBound: 2,
      checkPointUpperBound: 1_000,
      checkPointAfter: 1_000,
    });
    const consumer = group.connect();
    consumer.ackAll();
    await consumer.received(5);
    await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
    await session.database.pass(3_000);
    await checkpoint(group).toBe(4n);
  });

  test("a group goes on behind it", async () => {
    const group = await session.group(5, everyEvent);
    const first = group.connect();
    await first.received(5);
    await first.ack(await first.at(0), await first.at(1), await first.at(2));
    await checkpoint(group).toBe(2n);
    await restart(group);
    await first.failed();
    const events = await group.connect().received(2);
    expect(events.map(numberOf)).toEqual([3, 4]);
    expect(events.map(({ retryCount }) => retryCount)).toEqual([0, 0]);
  });

  test("what was done above it is given again", async () => {
    const group = await session.group(4, everyEvent);
    const first = group.connect();
    await first.received(4);
    await first.ack(await first.at(0), await first.at(2), await first.at(3));
    await checkpoint(group).toBe(0n);
    await restart(group);
    await first.failed();
    expect((await group.connect().received(3)).map(numberOf)).toEqual([1, 2, 3]);
  });

  test("it survives an update of the settings, also of the start", async () => {
    const group = await session.group(3, everyEvent);
    const first = group.connect();
    await first.ack(await first.at(0));
    await checkpoint(group).toBe(0n);
    await session.client.updatePersistentSubscriptionToStream(
      group.stream,
      group.name,
      fromStart({ ...everyEvent, startFrom: "end" }),
    );
    await first.failed();
    expect((await group.connect().received(2)).map(numberOf)).toEqual([1, 2]);
  });

  test("the last known event is shown", async () => {
    const group = await session.group(6);
    await group.connect().received(6);
    expect((await group.info()).stats.lastKnownEventRevision).toBe(5n);
  });
});
