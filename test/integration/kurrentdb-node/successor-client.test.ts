import { KurrentDBClient, jsonEvent } from "@kurrent/kurrentdb-client";
import { eventually, startKurrentDbTestNode } from "@tidemark/framework/testing";
import { afterAll, expect, it } from "vitest";

// A file of its own: the two clients keep their messages in one global variable and do not share a process.
const node = await startKurrentDbTestNode();
const client = KurrentDBClient.connectionString(node.connectionString);

afterAll(async () => {
  await client.dispose();
  await node.close();
});

const event = (type: string) => jsonEvent({ type, data: { type } });

it("serves @kurrent/kurrentdb-client: appends, reads and conflicts", async () => {
  await client.appendToStream("Überweisung-1", [event("A"), event("B")], { streamState: "no_stream" });
  await expect(client.appendToStream("Überweisung-1", event("C"), { streamState: 0n })).rejects.toMatchObject(
    { type: "wrong-expected-version", actualState: 1n },
  );
  const stream: string[] = [];
  for await (const { event: recorded } of client.readStream("Überweisung-1"))
    stream.push(recorded?.type ?? "");
  expect(stream).toEqual(["A", "B"]);
  const log: string[] = [];
  for await (const { event: recorded } of client.readAll()) log.push(recorded?.type ?? "");
  expect(log.slice(-2)).toEqual(["A", "B"]);
  const missing = async () => {
    for await (const _ of client.readStream("missing"));
  };
  await expect(missing()).rejects.toMatchObject({ type: "stream-not-found" });
});

it("serves @kurrent/kurrentdb-client: subscriptions", async () => {
  const seen: string[] = [];
  const subscription = client
    .subscribeToAll({ fromPosition: "end" })
    .on("caughtUp", () => seen.push("caught up"))
    .on("data", ({ event: recorded }) => seen.push(recorded?.type ?? ""));
  await eventually(() => expect(seen).toEqual(["caught up"]));
  await client.appendToStream("s", event("C"));
  await eventually(() => expect(seen).toEqual(["caught up", "C"]));
  await subscription.unsubscribe();
});
