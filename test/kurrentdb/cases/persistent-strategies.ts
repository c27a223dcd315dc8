import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { jsonEvent } from "../support/client-library.ts";
import { linkTo, numberedEvents, uniqueStream } from "../support/case-data.ts";
import { numberOf } from "../support/collect.ts";
import type { ConsumerWatch } from "../support/consumers.ts";
import { describeGroups, type Group } from "../support/describe-groups.ts";

describeGroups("strategies of persistent subscriptions", (session) => {
  const consumers = async (group: Group, count: number, bufferSize = 10): Promise<ConsumerWatch[]> => {
    const connected = Array.from({ length: count }, () => group.connect({ bufferSize }));
    for (const consumer of connected) await consumer.confirmed();
    await expect.poll(async () => (await group.info()).connections.length).toBe(count);
    return connected;
  };
  const received = (watches: readonly ConsumerWatch[], count: number) =>
    expect.poll(() => watches.reduce((sum, { events }) => sum + events.length, 0)).toBe(count);

  test("RoundRobin spreads events evenly", async () => {
    const group = await session.group(0, { consumerStrategyName: "RoundRobin" });
    const watches = await consumers(group, 3);
    await group.append(12);
    await received(watches, 12);
    expect(watches.map(({ events }) => events.length)).toEqual([4, 4, 4]);
  });

  test("RoundRobin passes over a consumer that is full", async () => {
    const group = await session.group(0, { consumerStrategyName: "RoundRobin" });
    const [slow, fast] = [group.connect({ bufferSize: 1 }), group.connect({ bufferSize: 10 })];
    await slow.confirmed();
    await fast.confirmed();
    fast.ackAll();
    await group.append(9);
    await received([slow, fast], 9);
    expect(slow.events).toHaveLength(1);
  });

  test("each event goes to one consumer only", async () => {
    const group = await session.group(0, { consumerStrategyName: "RoundRobin" });
    const watches = await consumers(group, 4);
    for (const consumer of watches) consumer.ackAll();
    await group.append(40);
    await received(watches, 40);
    expect(new Set(watches.flatMap(({ events }) => events.map(numberOf))).size).toBe(40);
  });

  test("DispatchToSingle gives all to one while it has room", async () => {
    const group = await session.group(0, { consumerStrategyName: "DispatchToSingle" });
    const watches = await consumers(group, 3);
    await group.append(10);
    await received(watches, 10);
    expect(watches.map(({ events }) => events.length).toSorted((a, b) => b - a)).toEqual([10, 0, 0]);
  });

  test("DispatchToSingle turns to the next when one is full", async () => {
    const group = await session.group(0, { consumerStrategyName: "DispatchToSingle" });
    const watches = await consumers(group, 2, 5);
    await group.append(8);
    await received(watches, 8);
    expect(watches.map(({ events }) => events.length).toSorted((a, b) => b - a)).toEqual([5, 3]);
  });

  /** Appends links to so many streams of two events each: what Pinned tells apart. */
  const appendLinks = async (group: Group, streams: number): Promise<void> => {
    for (let n = 0; n < streams; n++) {
      const source = uniqueStream("source");
      await session.client.appendToStream(source, numberedEvents(2));
      await session.client.appendToStream(group.stream, [linkTo(source, 0), linkTo(source, 1)]);
    }
  };
  /** By source stream, which consumers got its events. */
  const owners = (
    watches: readonly ConsumerWatch[],
    keyOf: (event: ConsumerWatch["events"][number]) => string,
  ) => {
    const byKey = new Map<string, Set<number>>();
    for (const [index, { events }] of watches.entries())
      for (const event of events) byKey.set(keyOf(event), (byKey.get(keyOf(event)) ?? new Set()).add(index));
    return byKey;
  };

  test("Pinned gives the events of one source stream to one consumer", async () => {
    const group = await session.group(0, { consumerStrategyName: "Pinned", resolveLinkTos: true });
    const watches = await consumers(group, 3, 100);
    await appendLinks(group, 30);
    await received(watches, 60);
    const byStream = owners(watches, ({ event }) => event?.streamId ?? "");
    expect(byStream.size).toBe(30);
    expect([...byStream.values()].every(({ size }) => size === 1)).toBe(true);
  });

  test("Pinned uses all consumers", async () => {
    const group = await session.group(0, { consumerStrategyName: "Pinned", resolveLinkTos: true });
    const watches = await consumers(group, 2, 100);
    await appendLinks(group, 30);
    await received(watches, 60);
    expect(watches.every(({ events }) => events.length > 0)).toBe(true);
  });

  test("Pinned: what belonged to a consumer that left goes to the others", async () => {
    const group = await session.group(0, { consumerStrategyName: "Pinned", resolveLinkTos: true });
    const [leaving, staying] = await consumers(group, 2, 100);
    if (leaving === undefined || staying === undefined) throw new Error("two consumers");
    await appendLinks(group, 20);
    await received([leaving, staying], 40);
    await leaving.stop();
    await received([staying], 40);
  });

  test("Pinned: a consumer that is full holds up its own streams only", async () => {
    const group = await session.group(0, { consumerStrategyName: "Pinned", resolveLinkTos: true });
    const [full, free] = [group.connect({ bufferSize: 1 }), group.connect({ bufferSize: 100 })];
    await full.confirmed();
    await free.confirmed();
    await expect.poll(async () => (await group.info()).connections.length).toBe(2);
    await appendLinks(group, 20);
    await expect.poll(() => free.events.length).toBeGreaterThan(4);
    expect(full.events.length).toBeLessThanOrEqual(1);
  });

  test("PinnedByCorrelation gives the events of one correlation to one consumer", async (context) => {
    // The first client cannot name this strategy: its settings travel as a number.
    if (!(await canNameStrategies())) return context.skip("the client cannot ask for it");
    const group = await session.group(0, { consumerStrategyName: "PinnedByCorrelation" });
    const watches = await consumers(group, 3, 100);
    const correlations = Array.from({ length: 20 }, () => randomUUID());
    for (const $correlationId of [...correlations, ...correlations])
      await session.client.appendToStream(
        group.stream,
        jsonEvent({ type: "correlated", data: {}, metadata: { $correlationId } }),
      );
    await received(watches, 40);
    const byCorrelation = owners(watches, ({ event }) => JSON.stringify(event?.metadata));
    expect(byCorrelation.size).toBe(20);
    expect([...byCorrelation.values()].every(({ size }) => size === 1)).toBe(true);
  });

  async function canNameStrategies(): Promise<boolean> {
    const group = await session.group(0, { consumerStrategyName: "PinnedByCorrelation" });
    return (await group.info()).settings.consumerStrategyName === "PinnedByCorrelation";
  }
});
