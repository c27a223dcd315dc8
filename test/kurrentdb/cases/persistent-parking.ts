import { describe, expect, test } from "vitest";
import { linkTo, numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, numberOf } from "../support/collect.ts";
import { type Group, describeGroups } from "../support/describe-groups.ts";

const parkedStream = ({ stream, name }: Group): string => `$persistentsubscription-${stream}::${name}-parked`;

describeGroups("parked messages", (session) => {
  const parked = (group: Group) => expect.poll(async () => (await group.info()).stats.parkedMessageCount);
  /** A group that has parked its first two of three events. */
  const groupWithTwoParked = async () => {
    const group = await session.group(3);
    const consumer = group.connect();
    await consumer.received(3);
    await consumer.nack("park", await consumer.at(0), await consumer.at(1));
    await consumer.ack(await consumer.at(2));
    await parked(group).toBe(2n);
    return { group, consumer };
  };

  test("park is counted, and the event is not given again", async () => {
    const { group, consumer } = await groupWithTwoParked();
    await group.append(1);
    expect((await consumer.received(4)).map(numberOf)).toEqual([0, 1, 2, 3]);
  });

  test("the parked stream holds links to the events", async () => {
    const { group } = await groupWithTwoParked();
    const links = await collect(session.client.readStream(parkedStream(group), { resolveLinkTos: true }));
    expect(links.map(numberOf)).toEqual([0, 1]);
    expect(links.every(({ link }) => link?.type === "$>")).toBe(true);
  });

  test("a link says why", async () => {
    const { group } = await groupWithTwoParked();
    const [link] = await collect(session.client.readStream(parkedStream(group)));
    expect(JSON.stringify(link?.event?.metadata)).toContain("because of the case");
  });

  test("of a link, the event behind it is parked", async () => {
    const source = uniqueStream("group");
    await session.client.appendToStream(source, numberedEvents(1, { from: 7 }));
    const group = await session.group(0, { resolveLinkTos: true });
    await session.client.appendToStream(group.stream, linkTo(source, 0));
    const consumer = group.connect();
    await consumer.nack("park", await consumer.at(0));
    await parked(group).toBe(1n);
    const [link] = await collect(session.client.readStream(parkedStream(group), { resolveLinkTos: true }));
    expect(link?.event).toMatchObject({ streamId: source, data: { n: 7 } });
  });

  test.each([0, 1, 3])("after %i retries the next one parks", async (maxRetryCount) => {
    const group = await session.group(1, { maxRetryCount });
    const consumer = group.connect();
    for (let attempt = 0; attempt <= maxRetryCount; attempt++)
      await consumer.nack("retry", await consumer.at(attempt));
    await parked(group).toBe(1n);
    expect(consumer.events.map(({ retryCount }) => retryCount)).toEqual(
      Array.from({ length: maxRetryCount + 1 }, (_, index) => index),
    );
  });

  test("a disconnect counts as a retry, and parks after the last one", async () => {
    const group = await session.group(1, { maxRetryCount: 1 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const consumer = group.connect();
      await consumer.received(1);
      await consumer.stop();
    }
    await parked(group).toBe(1n);
  });

  test("time-outs count as retries, and park after the last one", async () => {
    const group = await session.group(1, { maxRetryCount: 1, messageTimeout: 1_000 });
    const consumer = group.connect();
    await consumer.received(1);
    await session.database.pass(2_500);
    await consumer.received(2);
    await session.database.pass(2_500);
    await parked(group).toBe(1n);
    expect(consumer.events).toHaveLength(2);
  });

  describe("replay", () => {
    test("gives the parked events again, in their order", async () => {
      const { group, consumer } = await groupWithTwoParked();
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      expect((await consumer.received(5)).slice(3).map(numberOf)).toEqual([0, 1]);
    });

    test("empties the parked stream", async () => {
      const { group, consumer } = await groupWithTwoParked();
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      await consumer.received(5);
      await parked(group).toBe(0n);
    });

    test("with the count of retries at 0 again", async () => {
      const group = await session.group(1, { maxRetryCount: 0 });
      const consumer = group.connect();
      await consumer.nack("retry", await consumer.at(0));
      await parked(group).toBe(1n);
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      expect((await consumer.at(1)).retryCount).toBe(0);
    });

    test("what is parked once more can be replayed once more", async () => {
      const { group, consumer } = await groupWithTwoParked();
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      await consumer.nack("park", await consumer.at(3), await consumer.at(4));
      await parked(group).toBe(2n);
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      expect((await consumer.received(7)).slice(5).map(numberOf)).toEqual([0, 1]);
    });

    test("an acknowledged replay is done", async () => {
      const { group, consumer } = await groupWithTwoParked();
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      await consumer.ack(await consumer.at(3), await consumer.at(4));
      await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
      await parked(group).toBe(0n);
    });

    test("up to a place gives only the links before it", async () => {
      const { group, consumer } = await groupWithTwoParked();
      await session.client.replayParkedMessagesToStream(group.stream, group.name, { stopAt: 1 });
      await parked(group).toBe(1n);
      await group.append(1);
      expect((await consumer.received(5)).slice(3).map(numberOf)).toEqual([0, 3]);
    });

    test("of nothing is no error", async () => {
      const group = await session.group(1);
      await session.client.replayParkedMessagesToStream(group.stream, group.name);
      expect((await group.connect().received(1)).map(numberOf)).toEqual([0]);
    });
  });
});
