import { randomUUID } from "node:crypto";
import {
  type AllStreamRecordedEvent,
  type AllStreamResolvedEvent,
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  streamNameFilter,
} from "@eventstore/db-client";
import { eventually, startKurrentDbTestNode } from "@tidemark/framework/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const node = await startKurrentDbTestNode();
const client = EventStoreDBClient.connectionString(node.connectionString);

afterEach(() => node.reset());
afterAll(async () => {
  await client.dispose();
  await node.close();
});

const event = (type: string) => jsonEvent({ id: randomUUID(), type, data: { type } });

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

async function types(
  stream: string,
  options: Parameters<typeof client.readStream>[1] = {},
): Promise<string[]> {
  return (await collect(client.readStream(stream, options))).map(
    ({ event: recorded }) => recorded?.type ?? "",
  );
}

function positionOf(event: AllStreamRecordedEvent | undefined) {
  if (event === undefined) throw new Error("There is no such event.");
  return event.position;
}

async function userEvents(
  options: Parameters<typeof client.readAll>[0] = {},
): Promise<AllStreamRecordedEvent[]> {
  const all: AllStreamResolvedEvent[] = await collect(client.readAll(options));
  return all.flatMap(({ event: recorded }) =>
    recorded !== undefined && !recorded.streamId.startsWith("$") ? [recorded] : [],
  );
}

describe("reads", () => {
  it("reads a stream forwards and backwards, from a revision, both inclusive, so many events", async () => {
    await client.appendToStream("s", ["A", "B", "C", "D"].map(event));
    expect(await types("s", { fromRevision: 2n })).toEqual(["C", "D"]);
    expect(await types("s", { fromRevision: 1n, maxCount: 2 })).toEqual(["B", "C"]);
    expect(await types("s", { direction: "backwards", fromRevision: "end", maxCount: 2 })).toEqual([
      "D",
      "C",
    ]);
    expect(await types("s", { direction: "backwards", fromRevision: 1n })).toEqual(["B", "A"]);
    await expect(types("missing")).rejects.toMatchObject({ type: "stream-not-found", streamName: "missing" });
  });

  it("reads the log inclusively forwards and exclusively backwards; its positions have gaps", async () => {
    await client.appendToStream("s", ["A", "B", "C"].map(event));
    const all = await userEvents();
    expect(all.map(({ type }) => type)).toEqual(["A", "B", "C"]);
    const position = positionOf(all[1]);
    expect(position.commit).toBeGreaterThan(positionOf(all[0]).commit + 1n);
    expect((await userEvents({ fromPosition: position })).map(({ type }) => type)).toEqual(["B", "C"]);
    const backwards = await userEvents({ fromPosition: position, direction: "backwards" });
    expect(backwards.map(({ type }) => type)).toEqual(["A"]);
  });

  it("has system events before the first of a user, and none of the log's own", async () => {
    await client.appendToStream("s", event("A"));
    const all = await collect(client.readAll());
    expect(all.length).toBeGreaterThan(1);
    expect(all.at(-1)?.event?.type).toBe("A");
    expect(all.map(({ event: recorded }) => recorded?.streamId)).not.toContain("$epoch-information");
  });

  it("truncates by $maxCount, $tb and $maxAge of the node's clock, without renumbering", async () => {
    await client.appendToStream("s", ["A", "B", "C"].map(event));
    await client.setStreamMetadata("s", { maxCount: 2 });
    expect(await types("s")).toEqual(["B", "C"]);
    await client.setStreamMetadata("s", { truncateBefore: 2 });
    expect((await collect(client.readStream("s"))).map(({ event: recorded }) => recorded?.revision)).toEqual([
      2n,
    ]);
    await client.setStreamMetadata("s", { maxAge: 60 });
    node.clock.advance(30_000);
    await client.appendToStream("s", event("D"));
    node.clock.advance(31_000);
    expect(await types("s")).toEqual(["D"]);
    expect((await userEvents()).map(({ type }) => type)).toEqual(["A", "B", "C", "D"]);
    expect((await client.getStreamMetadata("s")).metadata).toEqual({ maxAge: 60 });
  });

  it("resolves links, and keeps one whose event is gone alone", async () => {
    await client.appendToStream("s", event("A"));
    const link = (data: string) => ({
      id: randomUUID(),
      type: "$>",
      contentType: "application/octet-stream" as const,
      data: Buffer.from(data),
      metadata: undefined,
    });
    await client.appendToStream("links", [link("0@s"), link("7@s")]);
    const [found, lost] = await collect(client.readStream("links", { resolveLinkTos: true }));
    expect(found).toMatchObject({ event: { streamId: "s" }, link: { streamId: "links" } });
    expect(lost?.event).toBeUndefined();
    expect(lost?.link?.revision).toBe(1n);
  });
});

describe("subscriptions", () => {
  it("confirms, gives history, says that it has caught up, then gives what comes", async () => {
    await client.appendToStream("s", ["A", "B"].map(event));
    const seen: string[] = [];
    const subscription = client
      .subscribeToStream("s", { fromRevision: 0n })
      .on("confirmation", () => seen.push("confirmed"))
      .on("caughtUp", () => seen.push("caught up"))
      .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""));
    await eventually(() => expect(seen).toEqual(["confirmed", "B", "caught up"]));
    await client.appendToStream("s", event("C"));
    await eventually(() => expect(seen.at(-1)).toBe("C"));
    await subscription.unsubscribe();
  });

  it("ends a stream's subscription with its tombstone", async () => {
    await client.appendToStream("s", event("A"));
    const ended = new Promise<unknown>((resolve) => {
      client
        .subscribeToStream("s")
        .on("data", () => undefined)
        .on("error", resolve)
        .on("caughtUp", () => {
          void client.tombstoneStream("s");
        });
    });
    expect(await ended).toMatchObject({ type: "stream-deleted", streamName: "s" });
  });

  it("filters $all on the server, with checkpoints in between", async () => {
    await client.appendToStream(
      "a",
      Array.from({ length: 10 }, () => event("Other")),
    );
    const seen: string[] = [];
    const checkpoints: bigint[] = [];
    const filter = eventTypeFilter({
      prefixes: ["Wanted"],
      checkpointInterval: 2,
      maxSearchWindow: 4,
      checkpointReached: (_, position) => {
        checkpoints.push(position.commit);
      },
    });
    const subscription = client
      .subscribeToAll({ filter })
      .on("caughtUp", () => seen.push("caught up"))
      .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""));
    await eventually(() => expect(seen).toEqual(["caught up"]));
    expect(checkpoints.length).toBeGreaterThanOrEqual(2);
    await client.appendToStream("a", event("Wanted-1"));
    await eventually(() => expect(seen).toEqual(["caught up", "Wanted-1"]));
    await subscription.unsubscribe();
  });

  it("filters by a regular expression on the stream's name, after a position", async () => {
    const first = await client.appendToStream("account-1", event("A"));
    await client.appendToStream("other-1", event("B"));
    await client.appendToStream("account-2", event("C"));
    const seen: string[] = [];
    const fromPosition = first.position ?? "start";
    const subscription = client
      .subscribeToAll({ fromPosition, filter: streamNameFilter({ regex: "^account-" }) })
      .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""));
    await eventually(() => expect(seen).toEqual(["C"]));
    await subscription.unsubscribe();
  });

  it("gives a long history whole, to a consumer that takes its time", async () => {
    for (let batch = 0; batch < 2; batch += 1) {
      await client.appendToStream(
        "s",
        Array.from({ length: 500 }, () => event("A")),
      );
    }
    let revision = 0n;
    for await (const { event: recorded } of client.subscribeToStream("s")) {
      expect(recorded?.revision).toBe(revision);
      if (revision % 100n === 0n) await new Promise(setImmediate);
      revision += 1n;
      if (revision === 1_000n) break;
    }
    expect(revision).toBe(1_000n);
  });
});
