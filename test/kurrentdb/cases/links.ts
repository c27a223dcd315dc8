import { afterEach, expect, test } from "vitest";
import { linkTo, numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect, numberOf } from "../support/collect.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { watch } from "../support/watch.ts";
import { binaryEvent } from "../support/client-library.ts";

describeWithClient("links", (session) => {
  const watches: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const watched of watches.splice(0)) await watched.stop();
  });
  /** A stream of three events, and one of links to the last and the first of them. */
  const linked = async (): Promise<{ source: string; links: string }> => {
    const [source, links] = [uniqueStream("links"), uniqueStream("links")];
    await session.client.appendToStream(source, numberedEvents(3));
    await session.client.appendToStream(links, [linkTo(source, 2), linkTo(source, 0)]);
    return { source, links };
  };

  test("unresolved, a link is an event of its own", async () => {
    const { source, links } = await linked();
    const [first] = await collect(session.client.readStream(links));
    expect(first?.link).toBeUndefined();
    expect(first?.event).toMatchObject({ type: "$>", streamId: links, revision: 0n });
    expect(Buffer.from(first?.event?.data as Uint8Array).toString()).toBe(`2@${source}`);
  });

  test("resolved, the event and the link come together", async () => {
    const { source, links } = await linked();
    const events = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(events.map(numberOf)).toEqual([2, 0]);
    expect(events[0]?.event).toMatchObject({ streamId: source, revision: 2n, type: "counted" });
    expect(events[0]?.link).toMatchObject({ streamId: links, revision: 0n, type: "$>" });
  });

  test("resolved backwards, too", async () => {
    const { links } = await linked();
    const events = await collect(
      session.client.readStream(links, { resolveLinkTos: true, direction: "backwards", fromRevision: "end" }),
    );
    expect(events.map(numberOf)).toEqual([0, 2]);
  });

  test("an event that is no link stays as it is", async () => {
    const { source } = await linked();
    const events = await collect(session.client.readStream(source, { resolveLinkTos: true }));
    expect(events.every(({ link }) => link === undefined)).toBe(true);
    expect(events.map(numberOf)).toEqual([0, 1, 2]);
  });

  test("of a link to a soft-deleted stream only the link comes", async () => {
    const { source, links } = await linked();
    await session.client.deleteStream(source);
    const events = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(events).toHaveLength(2);
    expect(events.every(({ event, link }) => event === undefined && link?.streamId === links)).toBe(true);
  });

  test("of a link to a truncated event only the link comes", async () => {
    const { source, links } = await linked();
    await session.client.setStreamMetadata(source, { truncateBefore: 1 });
    const events = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(events.map(numberOf)).toEqual([2, undefined]);
  });

  test("of a link to a stream that never was only the link comes", async () => {
    const links = uniqueStream("links");
    await session.client.appendToStream(links, [linkTo(uniqueStream("nowhere"), 0)]);
    const [first] = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(first?.event).toBeUndefined();
    expect(first?.link?.type).toBe("$>");
  });

  test("the target's stream may hold an @", async () => {
    const [source, links] = [`${uniqueStream("links")}@example.org`, uniqueStream("links")];
    await session.client.appendToStream(source, numberedEvents(1, { from: 5 }));
    await session.client.appendToStream(links, [linkTo(source, 0)]);
    const events = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(events.map(numberOf)).toEqual([5]);
  });

  test("a link to a link is followed once", async () => {
    const { links } = await linked();
    const second = uniqueStream("links");
    await session.client.appendToStream(second, [linkTo(links, 0)]);
    const [first] = await collect(session.client.readStream(second, { resolveLinkTos: true }));
    expect(first?.event).toMatchObject({ type: "$>", streamId: links });
    expect(first?.link).toMatchObject({ type: "$>", streamId: second });
  });

  test("a link keeps its metadata", async () => {
    const { source } = await linked();
    const links = uniqueStream("links");
    await session.client.appendToStream(
      links,
      binaryEvent({ type: "$>", data: Buffer.from(`1@${source}`), metadata: { $correlationId: "c" } }),
    );
    const [first] = await collect(session.client.readStream(links, { resolveLinkTos: true }));
    expect(first?.link?.metadata).toEqual({ $correlationId: "c" });
  });

  test("$all resolves them as well", async () => {
    const source = uniqueStream("links");
    const { position } = await session.client.appendToStream(source, numberedEvents(1));
    const links = uniqueStream("links");
    await session.client.appendToStream(links, [linkTo(source, 0)]);
    if (position === undefined) throw new Error("no position");
    const log = await collect(
      session.client.readAll({ fromPosition: position, maxCount: 200, resolveLinkTos: true }),
    );
    expect(log.find(({ link }) => link?.streamId === links)?.event?.streamId).toBe(source);
  });

  test("a subscription resolves history and live events", async () => {
    const { source, links } = await linked();
    const subscription = watch(session.client.subscribeToStream(links, { resolveLinkTos: true }));
    watches.push(subscription);
    await subscription.caughtUp();
    await session.client.appendToStream(links, [linkTo(source, 1)]);
    const events = await subscription.received(3);
    expect(events.map(numberOf)).toEqual([2, 0, 1]);
    expect(events.every(({ link }) => link?.streamId === links)).toBe(true);
  });
});
