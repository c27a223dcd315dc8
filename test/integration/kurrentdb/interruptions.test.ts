import { EventStoreDBClient } from "@eventstore/db-client";
import { TidemarkError, type AppendOutcome, type EventStore, type StoredEvent } from "@tidemark/framework";
import { KurrentDbEventStore } from "@tidemark/framework/kurrentdb";
import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleEvents } from "../../support/sample-events.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { waitFor } from "../../support/wait-for.ts";

let node: KurrentDbTestNode;
let client: EventStoreDBClient;
let store: KurrentDbEventStore;
beforeEach(async () => {
  node = await startKurrentDbTestNode();
  client = EventStoreDBClient.connectionString(node.connectionString);
  store = new KurrentDbEventStore({ client, settleMs: 2_000 });
  await store.open();
});
afterEach(async () => {
  await store.close();
  await client.dispose();
  await node.close();
});

async function idsOf(eventStore: EventStore, streamId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { eventId } of eventStore.readStream(streamId)) ids.push(eventId);
  return ids;
}

interface Follower {
  readonly events: StoredEvent[];
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function follow(eventStore: EventStore): Follower {
  const controller = new AbortController();
  const events: StoredEvent[] = [];
  const run = (async () => {
    for await (const page of eventStore.subscribe({ signal: controller.signal })) events.push(...page.events);
  })();
  run.catch(() => undefined);
  return {
    events,
    ended: run,
    stop: () => {
      controller.abort();
      return run;
    },
  };
}

describe("an append whose answer is lost", () => {
  test.each(["no-stream", "any", 2n] as const)("is stored once (expecting %s)", async (expectedRevision) => {
    if (expectedRevision !== "no-stream") await store.append("account-1", sampleEvents(3));
    const before = (await idsOf(store, "account-1")).length;
    for (const kind of ["drop-append-reply", "refuse-append"] as const) {
      node.faults.next({ kind, stream: "account-1" });
      const events = sampleEvents(2);
      const outcome = await store.append("account-1", events, {
        expectedRevision: kind === "drop-append-reply" ? expectedRevision : "any",
      });
      expect(outcome.status).toBe("appended");
      expect((await idsOf(store, "account-1")).slice(-2)).toEqual(events.map(({ eventId }) => eventId));
    }
    expect(node.faults.pending).toEqual([]);
    expect(await idsOf(store, "account-1")).toHaveLength(before + 4);
  });

  test("to a stream that was deleted is found where it stands", async () => {
    await store.append("account-1", sampleEvents(3));
    await store.deleteStream("account-1");
    node.faults.next({ kind: "drop-append-reply", stream: "account-1" });
    const outcome = await store.append("account-1", sampleEvents(2), { expectedRevision: "no-stream" });
    expect(outcome).toMatchObject({ status: "appended", revisions: [4n] });
  });

  test("is reported as unknown when the server stays away", async () => {
    await store.append("account-1", sampleEvents(1));
    node.faults.next({ kind: "drop-append-reply", stream: "account-1" }, { times: 1_000 });
    const append = store.append("account-1", sampleEvents(1), { expectedRevision: 0n });
    await expect(append).rejects.toMatchObject({ code: "outcome-unknown", retryable: true });
    node.faults.clear();
    expect(await idsOf(store, "account-1")).toHaveLength(2);
  });

  test("never hurts the appends of another client in the process", async () => {
    const other = EventStoreDBClient.connectionString(node.connectionString);
    const second = new KurrentDbEventStore({ client: other });
    await second.open();
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on("uncaughtException", note);
    try {
      await store.append("account-1", sampleEvents(1));
      const delayed = node.faults.next({
        kind: "delay",
        on: "append",
        stream: "account-slow",
        milliseconds: 500,
      });
      const slow = second.append("account-slow", sampleEvents(3), { expectedRevision: "no-stream" });
      await delayed.consumed;
      node.faults.next({ kind: "drop-append-reply", stream: "account-1" }, { times: 3 });
      expect((await store.append("account-1", sampleEvents(1))).status).toBe("appended");
      expect(await slow).toMatchObject({ status: "appended", revisions: [2n] });
      // By the answer to this one the answer to the delayed call has come, too.
      node.faults.next({ kind: "delay", on: "append", stream: "account-2", milliseconds: 700 });
      await second.append("account-2", sampleEvents(1));
      expect(uncaught).toEqual([]);
    } finally {
      process.off("uncaughtException", note);
      await second.close();
      await other.dispose();
    }
  });

  test("says that the store cannot be reached when nothing was sent", async () => {
    await node.close();
    const error = await store.append("account-1", sampleEvents(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TidemarkError);
    expect(["store-unavailable", "outcome-unknown"]).toContain(Object(error).code);
    expect(String(error)).not.toMatch(/Resolution note|UNAVAILABLE|Last error/);
  });
});

describe("an interrupted read", () => {
  test("of a stream and of the log goes on", async () => {
    await store.append("account-1", sampleEvents(50));
    node.faults.next({ kind: "break-read", stream: "account-1", afterEvents: 7 });
    expect(await idsOf(store, "account-1")).toHaveLength(50);
    node.faults.next({ kind: "break-read", stream: "$all", afterEvents: 20 }, { times: 2 });
    const events: StoredEvent[] = [];
    for await (const page of store.readAll()) events.push(...page.events);
    expect(events).toHaveLength(50);
  });

  test("of a subscription begins again behind the last event, each event once and in order", async () => {
    await store.append("account-1", sampleEvents(30));
    node.faults.next({ kind: "disconnect", on: "read", stream: "$all", afterEvents: 11 });
    const subscriber = follow(store);
    await waitFor(() => subscriber.events.length === 30);
    for (let round = 0; round < 5; round += 1) {
      node.disconnect();
      await store.append(`account-${round}`, sampleEvents(3));
      node.faults.next({ kind: "slow-reader", stream: "$all" });
      await store.append(`account-${round}`, sampleEvents(2));
    }
    await waitFor(() => subscriber.events.length === 55);
    await subscriber.stop();
    const positions = subscriber.events.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)));
    expect(positions).toHaveLength(55);
  });
});

test("an outage is told of once when it begins and once when it is over, without the client's noise", async () => {
  const lines: { readonly level: string; readonly entry: object }[] = [];
  const log =
    (level: string) =>
    (entry: object): void =>
      void lines.push({ level, entry });
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  await using proxy = await TcpProxy.start(`http://127.0.0.1:${node.port}`);
  const address = `esdb://127.0.0.1:${new URL(proxy.connectionString).port}?tls=false`;
  const cutOff = EventStoreDBClient.connectionString(address);
  await using telling = new KurrentDbEventStore({ client: cutOff, logger });
  await telling.open();
  const subscriber = follow(telling);
  await store.append("account-1", sampleEvents(1));
  await waitFor(() => subscriber.events.length === 1);
  proxy.cut({ refuse: true });
  await store.append("account-1", sampleEvents(1));
  await waitFor(() => lines.filter(({ level }) => level === "debug").length > 2);
  proxy.restore();
  await waitFor(() => subscriber.events.length === 2);
  await subscriber.stop();
  await cutOff.dispose();
  const told = lines.filter(({ level }) => level !== "debug");
  expect(told.map(({ level }) => level)).toEqual(["warn", "info"]);
  expect(told[0]?.entry).toEqual({
    position: expect.any(String),
    retryInMs: expect.any(Number),
    reason: expect.stringMatching(
      /^KurrentDB cannot be reached \((?!\d).*\): check that it runs, then retry\.$/,
    ),
  });
});

test("a change of the leader loses and doubles nothing", async () => {
  await using replica = await startKurrentDbTestNode({ replicaOf: node });
  const subscriber = follow(store);
  const outcomes: Promise<AppendOutcome>[] = [];
  for (let n = 0; n < 40; n += 1) {
    if (n === 15) replica.lead();
    if (n === 30) node.lead();
    outcomes.push(store.append(`account-${n % 4}`, sampleEvents(2)));
    if (n % 5 === 0) await outcomes.at(-1);
  }
  const settled = await Promise.all(outcomes);
  expect(settled.every(({ status }) => status === "appended")).toBe(true);
  await waitFor(() => subscriber.events.length === 80);
  await subscriber.stop();
  expect(new Set(subscriber.events.map(({ eventId }) => eventId)).size).toBe(80);
});

test("another log behind the same address stops everything with log-diverged", async () => {
  await store.append("account-1", sampleEvents(3));
  const subscriber = follow(store);
  await waitFor(() => subscriber.events.length === 3);
  const { port } = node;
  await node.close();
  node = await startKurrentDbTestNode({ port });
  await expect(subscriber.ended).rejects.toMatchObject({ code: "log-diverged" });
  await expect(store.head()).rejects.toMatchObject({ code: "log-diverged" });
  await expect(store.append("account-1", sampleEvents(1))).rejects.toMatchObject({ code: "log-diverged" });
});
