import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { binaryEvent } from "../support/client-library.ts";
import { collect, numberOf, revisionOf } from "../support/collect.ts";
import { fromStart, watchConsumer } from "../support/consumers.ts";
import { credentials } from "../support/credentials.ts";
import { liveServer } from "../support/database.ts";
import { describeGroups } from "../support/describe-groups.ts";
import { clientLibrary, connect } from "../support/client-library.ts";
import { watch } from "../support/watch.ts";

/** These need the node's clock or faults, or would disturb others on a shared server. */
describe.skipIf(liveServer !== undefined)("on the test node alone", () => {
  describeGroups(
    "clock, faults and reset",
    (session) => {
      const node = (): KurrentDbTestNode => {
        const { node } = session.database;
        if (node === undefined) throw new Error("these cases run on the test node");
        return node;
      };

      test("the clock decides when a message times out, to the millisecond", async () => {
        const group = await session.group(1, { messageTimeout: 60_000 });
        const consumer = group.connect();
        await consumer.received(1);
        node().clock.freeze();
        node().clock.advance(59_000);
        expect((await group.info()).stats.totalInFlightMessages).toBe(1);
        expect(consumer.events).toHaveLength(1);
        node().clock.advance(1_000);
        expect((await consumer.received(2)).map(({ retryCount }) => retryCount)).toEqual([0, 1]);
        node().clock.reset();
      });

      test("the clock decides when a checkpoint is due", async () => {
        const group = await session.group(3, {
          checkPointAfter: 600_000,
          checkPointLowerBound: 1,
          checkPointUpperBound: 1_000,
        });
        const consumer = group.connect();
        consumer.ackAll();
        await consumer.received(3);
        await expect.poll(async () => (await group.info()).stats.totalInFlightMessages).toBe(0);
        expect((await group.info()).stats.lastCheckpointedEventRevision).toBeUndefined();
        node().clock.advance(600_000);
        expect((await group.info()).stats.lastCheckpointedEventRevision).toBe(2n);
      });

      test("the clock decides which events are too old", async () => {
        const stream = uniqueStream("node");
        await session.client.setStreamMetadata(stream, { maxAge: 3_600 });
        await session.client.appendToStream(stream, numberedEvents(1));
        node().clock.advance(1_800_000);
        await session.client.appendToStream(stream, numberedEvents(1));
        node().clock.advance(1_800_001);
        expect((await collect(session.client.readStream(stream))).map(revisionOf)).toEqual([1]);
      });

      test("the subsystem's restart ends all consumers, and groups go on at their checkpoints", async () => {
        const group = await session.group(3, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
        const consumer = group.connect();
        await consumer.received(3);
        await consumer.ack(await consumer.at(0));
        await expect.poll(async () => (await group.info()).stats.lastCheckpointedEventRevision).toBe(0n);
        await session.client.restartPersistentSubscriptionSubsystem();
        expect(await consumer.failed()).toMatchObject({ type: "persistent-subscription-dropped" });
        expect((await group.connect().received(2)).map(numberOf)).toEqual([1, 2]);
      });

      test("an append whose answer is lost is written, and safe to repeat with its ids", async () => {
        const stream = uniqueStream("node");
        const events = numberedEvents(2);
        node().faults.next({ kind: "drop-append-reply", stream });
        await expect(session.client.appendToStream(stream, events)).rejects.toMatchObject({
          type: expect.stringMatching(/unavailable|cancelled|unknown/),
        });
        const again = await session.client.appendToStream(stream, events);
        expect(again.nextExpectedRevision).toBe(1n);
        expect(await collect(session.client.readStream(stream))).toHaveLength(2);
      });

      test("a subscription whose call breaks fails, and misses nothing when it resumes", async () => {
        const stream = uniqueStream("node");
        await session.client.appendToStream(stream, numberedEvents(10));
        node().faults.next({ kind: "break-read", stream, afterEvents: 4 });
        const broken = watch(session.client.subscribeToStream(stream));
        expect(await broken.failed()).toMatchObject({ type: "unavailable" });
        const last = broken.events.at(-1);
        if (last === undefined) throw new Error("events came before the break");
        const resumed = watch(
          session.client.subscribeToStream(stream, { fromRevision: BigInt(revisionOf(last)) }),
        );
        await resumed.caughtUp();
        expect([...broken.events, ...resumed.events].map(numberOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        await resumed.stop();
      });

      test("a cut connection gives a consumer's events to the next one", async () => {
        const group = await session.group(2);
        const consumer = group.connect();
        await consumer.received(2);
        node().disconnect();
        await consumer.failed();
        const events = await group.connect().received(2);
        expect(events.map(({ retryCount }) => retryCount)).toEqual([1, 1]);
      });

      test("a replica serves the same groups", async () => {
        const group = await session.group(3);
        const consumer = group.connect();
        await consumer.ack(await consumer.at(0));
        await using replica = await startKurrentDbTestNode({ replicaOf: node() });
        const client = session.connect(replica.connectionString);
        const info = await client.getPersistentSubscriptionToStreamInfo(group.stream, group.name);
        expect(info.connections).toHaveLength(1);
        await consumer.stop();
        expect((await group.connect({ client }).received(2)).map(numberOf)).toEqual([1, 2]);
      });

      test("a reset forgets events and groups", async () => {
        const group = await session.group(3);
        node().reset();
        await expect(group.info()).rejects.toMatchObject({ type: "persistent-subscription-does-not-exist" });
        await expect(collect(session.client.readStream(group.stream))).rejects.toMatchObject({
          type: "stream-not-found",
        });
        await session.client.createPersistentSubscriptionToStream(group.stream, group.name, fromStart());
        await session.client.appendToStream(group.stream, numberedEvents(1));
        const consumer = session.watched(
          watchConsumer(session.client.subscribeToPersistentSubscriptionToStream(group.stream, group.name)),
        );
        expect((await consumer.received(1)).map(({ retryCount }) => retryCount)).toEqual([0]);
      });
    },
    { alone: true },
  );

  describe(`limits of size (${clientLibrary})`, () => {
    test.each([
      { path: "batch append", options: {} },
      { path: "unary append", options: { credentials } },
    ])("$path: an append above maxAppendSize is refused, one below is not", async ({ options }) => {
      await using node = await startKurrentDbTestNode({ maxAppendSize: 10_000 });
      const client = connect(node.connectionString);
      const stream = uniqueStream("node");
      const large = [1, 2].map(() => binaryEvent({ type: "large", data: new Uint8Array(6_000) }));
      await expect(client.appendToStream(stream, large, options)).rejects.toMatchObject({
        type: "maximum-append-size-exceeded",
        maxAppendSize: 10_000,
      });
      expect((await client.appendToStream(stream, large.slice(0, 1), options)).nextExpectedRevision).toBe(0n);
      await client.dispose();
    });
  });
});
