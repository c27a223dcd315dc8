import { randomUUID } from "node:crypto";
import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { eventually, startKurrentDbTestNode } from "@tidemark/framework/testing";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const node = await startKurrentDbTestNode();
const client = EventStoreDBClient.connectionString(node.connectionString);

beforeEach(() => node.reset());
afterAll(async () => {
  await client.dispose();
  await node.close();
});

const event = (type: string) => jsonEvent({ id: randomUUID(), type, data: { type } });

async function types(stream: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { event: recorded } of client.readStream(stream)) found.push(recorded?.type ?? "");
  return found;
}

describe("faults", () => {
  it("loses the answer of a committed append; the same ids again are answered with the old result", async () => {
    const lost = node.faults.next({ kind: "drop-append-reply", stream: "s" });
    await client.appendToStream("other", event("A"));
    expect(lost.hits).toBe(0);
    const events = [event("A"), event("B")];
    const append = () => client.appendToStream("s", events, { expectedRevision: "no_stream" });
    await expect(append()).rejects.toMatchObject({ type: "unavailable" });
    await lost.consumed;
    expect(node.faults.pending).toEqual([]);
    expect((await append()).nextExpectedRevision).toBe(1n);
    expect(await types("s")).toEqual(["A", "B"]);
  });

  it("refuses so many appends without a commit", async () => {
    node.faults.next({ kind: "refuse-append" }, { times: 2 });
    await expect(client.appendToStream("s", event("A"))).rejects.toMatchObject({ type: "unavailable" });
    await expect(client.appendToStream("s", event("A"))).rejects.toMatchObject({ type: "unavailable" });
    expect((await client.appendToStream("s", event("A"))).nextExpectedRevision).toBe(0n);
  });

  it("breaks a read after so many events", async () => {
    await client.appendToStream("s", ["A", "B", "C"].map(event));
    node.faults.next({ kind: "break-read", stream: "s", afterEvents: 2 });
    const seen: string[] = [];
    const read = async () => {
      for await (const { event: recorded } of client.readStream("s")) seen.push(recorded?.type ?? "");
    };
    await expect(read()).rejects.toMatchObject({ type: "unavailable" });
    expect(seen).toEqual(["A", "B"]);
    expect(await types("s")).toEqual(["A", "B", "C"]);
  });

  it("cuts connections: subscriptions end with an error, the next call connects again", async () => {
    await client.appendToStream("s", event("A"));
    const seen: string[] = [];
    const failed = new Promise<unknown>((resolve) => {
      client
        .subscribeToStream("s")
        .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""))
        .on("error", resolve);
    });
    await eventually(() => expect(seen).toEqual(["A"]));
    node.disconnect();
    expect(await failed).toBeInstanceOf(Error);
    await eventually(async () => expect(await types("s")).toEqual(["A"]));
  });

  it("cuts connections after the commit of an append", async () => {
    node.faults.next({ kind: "disconnect", on: "after-append" });
    const events = [event("A")];
    await expect(client.appendToStream("s", events)).rejects.toBeInstanceOf(Error);
    await eventually(async () => expect(await types("s")).toEqual(["A"]));
    expect((await client.appendToStream("s", events)).nextExpectedRevision).toBe(0n);
  });

  it("treats a live subscription as too slow: it catches up again", async () => {
    const seen: string[] = [];
    const subscription = client
      .subscribeToStream("s")
      .on("caughtUp", () => seen.push("caught up"))
      .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""));
    await eventually(() => expect(seen).toEqual(["caught up"]));
    node.faults.next({ kind: "slow-reader", stream: "s" });
    await client.appendToStream("s", event("A"));
    await eventually(() => expect(seen).toEqual(["caught up", "A", "caught up"]));
    await subscription.unsubscribe();
  });

  it("delays an append", async () => {
    node.faults.next({ kind: "delay", on: "append", milliseconds: 80 });
    const begun = performance.now();
    await client.appendToStream("s", event("A"));
    expect(performance.now() - begun).toBeGreaterThan(75);
  });

  it("sends clients that require a leader to the new one; others are served, as by a follower that forwards", async () => {
    await using replica = await startKurrentDbTestNode({ replicaOf: node });
    const options = { requiresLeader: true, credentials: { username: "admin", password: "changeit" } };
    await client.appendToStream("s", event("A"), options);
    replica.lead();
    await client.appendToStream("s", event("B"));
    await expect(client.appendToStream("s", event("C"), options)).rejects.toMatchObject({
      type: "not-leader",
      leader: { address: replica.host, port: replica.port },
    });
    // The client follows the answer by itself.
    await eventually(() => client.appendToStream("s", event("D"), options));
    expect(await types("s")).toEqual(["A", "B", "D"]);
    node.lead();
    await eventually(() => client.appendToStream("s", event("E"), options));
  });

  it("answers one call with not-leader", async () => {
    const leader = { host: node.host, port: node.port };
    const fault = node.faults.next({ kind: "not-leader", on: "read", leader });
    await expect(types("s")).rejects.toMatchObject({ type: "not-leader", leader: { port: node.port } });
    expect(fault.hits).toBe(1);
  });

  it("is found by gossip", async () => {
    const discovering = EventStoreDBClient.connectionString(
      `esdb://${node.host}:${node.port},${node.host}:${node.port}?tls=false`,
    );
    expect((await discovering.appendToStream("s", event("A"))).nextExpectedRevision).toBe(0n);
    await discovering.dispose();
  });
});

describe("node", () => {
  it("resets in milliseconds, and keeps the connections", async () => {
    for (let batch = 0; batch < 10; batch += 1) {
      await client.appendToStream(
        `s-${batch}`,
        Array.from({ length: 500 }, () => event("A")),
      );
    }
    const begun = performance.now();
    node.reset();
    expect(performance.now() - begun).toBeLessThan(50);
    await expect(types("s-1")).rejects.toMatchObject({ type: "stream-not-found" });
  });

  it("frees its port at close, and ends what is open", async () => {
    const short = await startKurrentDbTestNode();
    const own = EventStoreDBClient.connectionString(short.connectionString);
    const ended = new Promise<void>((resolve) => {
      own
        .subscribeToAll()
        .on("caughtUp", () => void short.close())
        .on("error", () => resolve())
        .on("end", () => resolve())
        .on("data", () => undefined);
    });
    await ended;
    await short.close();
    await using again = await startKurrentDbTestNode({ port: short.port });
    expect(again.port).toBe(short.port);
    await own.dispose();
  });
});
