import { createHash } from "node:crypto";
import { EventStoreDBClient } from "@eventstore/db-client";
import type { AppendOutcome, IdempotencyEntry } from "@tidemark/framework";
import { KurrentDbEventStore } from "@tidemark/framework/kurrentdb";
import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleEvents } from "../../support/sample-events.ts";
import { waitFor } from "../../support/wait-for.ts";

let node: KurrentDbTestNode;
let clients: EventStoreDBClient[];
/** Two processes, as far as the server can tell: nothing is shared but the log. */
let first: KurrentDbEventStore;
let second: KurrentDbEventStore;
beforeEach(async () => {
  node = await startKurrentDbTestNode();
  clients = [];
  const open = async (): Promise<KurrentDbEventStore> => {
    const client = EventStoreDBClient.connectionString(node.connectionString);
    clients.push(client);
    const store = new KurrentDbEventStore({ client, settleMs: 500 });
    await store.open();
    return store;
  };
  first = await open();
  second = await open();
});
afterEach(async () => {
  await first.close();
  await second.close();
  for (const client of clients) await client.dispose();
  await node.close();
});

function entry(key: string, timeToLiveMs = 60_000): IdempotencyEntry {
  return {
    identity: { tenant: "", principal: "alice", key },
    requestHash: createHash("sha256").update(key).digest(),
    body: Buffer.from(`answer to ${key}`),
    timeToLiveMs,
  };
}

const keyStream = `tidemark.key-${createHash("sha256")
  .update(JSON.stringify(["", "alice", "k"]))
  .digest("hex")}`;

async function count(streamId: string): Promise<number> {
  let events = 0;
  for await (const _event of first.readStream(streamId)) events += 1;
  return events;
}

/** What a process leaves that ends between its claim and its append, or whose append never arrives. */
async function claimWithoutAppend(stream: string, expectedRevision: bigint | "no-stream"): Promise<void> {
  const fault = node.faults.next({ kind: "refuse-append", stream }, { times: 1_000 });
  const append = first.append(stream, sampleEvents(1), { expectedRevision, idempotency: entry("k") });
  await expect(append).rejects.toMatchObject({ code: "outcome-unknown" });
  fault.cancel();
}

describe("an idempotency key", () => {
  test.each(["append", "claim"])("is used once when the answer to its %s is lost", async (what) => {
    const stream = what === "append" ? "account-1" : keyStream;
    node.faults.next({ kind: "drop-append-reply", stream });
    const options = { expectedRevision: "no-stream", idempotency: entry("k") } as const;
    expect((await first.append("account-1", sampleEvents(2), options)).status).toBe("appended");
    const again = await second.append("account-1", sampleEvents(2), options);
    expect(again).toMatchObject({ status: "already-recorded", record: { revision: 1n } });
    expect(await count("account-1")).toBe(2);
  });

  test("is used once by processes that race for it, whatever the claims that they see", async () => {
    for (let round = 0; round < 10; round += 1) {
      const idempotency = entry(`race ${round}`);
      const expectedRevision = round === 0 ? "no-stream" : BigInt(round - 1);
      const outcomes: AppendOutcome[] = await Promise.all(
        [first, second, first, second].map((store) =>
          store.append("account-1", sampleEvents(1), { expectedRevision, idempotency }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === "appended")).toHaveLength(1);
      const found = await second.findIdempotencyRecord(idempotency.identity);
      expect(found?.revision).toBe(BigInt(round));
      expect(await count("account-1")).toBe(round + 1);
    }
  });

  test("of a process that ended before its append is free for the same place", async () => {
    await claimWithoutAppend("account-1", "no-stream");
    expect(await second.findIdempotencyRecord(entry("k").identity)).toBeNull();
    const options = { expectedRevision: "no-stream", idempotency: entry("k") } as const;
    expect((await second.append("account-1", sampleEvents(1), options)).status).toBe("appended");
    expect((await first.append("account-1", sampleEvents(1), options)).status).toBe("already-recorded");
    expect(await count("account-1")).toBe(1);
  });

  test("whose append may still come is in progress for another place, or for an answer without events", async () => {
    await claimWithoutAppend("account-1", "no-stream");
    const idempotency = entry("k");
    const appends = [
      second.append("account-2", sampleEvents(1), { expectedRevision: "no-stream", idempotency }),
      first.append("account-1", [], { expectedRevision: "no-stream", idempotency }),
    ];
    for (const outcome of await Promise.allSettled(appends))
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "in-progress" } });
    expect(await count("account-2")).toBe(0);
  });

  test("of an append that comes late keeps the answer of that append", async () => {
    node.faults.next({ kind: "delay", on: "append", stream: "account-1", milliseconds: 600 });
    const late = first.append("account-1", sampleEvents(2), {
      expectedRevision: "no-stream",
      idempotency: entry("k"),
    });
    await waitFor(() => node.faults.pending.length === 0);
    const refusal = await second.append("account-1", [], { idempotency: entry("k") });
    expect(refusal).toMatchObject({ status: "already-recorded", record: { revision: 1n } });
    expect((await late).status).toBe("appended");
  });

  test("is found however many events have come since, and free once its time is over", async () => {
    const idempotency = entry("k");
    await first.append("account-1", sampleEvents(1), { idempotency });
    for (let n = 0; n < 3; n += 1) await first.append("account-1", sampleEvents(700));
    expect((await second.append("account-1", sampleEvents(1), { idempotency })).status).toBe(
      "already-recorded",
    );
    const short = entry("short", 30);
    await first.append("account-2", sampleEvents(1), { idempotency: short });
    await waitFor(async () => (await second.findIdempotencyRecord(short.identity)) === null);
    expect((await second.append("account-2", sampleEvents(1), { idempotency: short })).status).toBe(
      "appended",
    );
  });

  test("keeps its answer when its events are hidden or deleted", async () => {
    const idempotency = entry("k");
    await first.append("account-1", sampleEvents(3), { expectedRevision: "no-stream", idempotency });
    await first.setStreamMetadata("account-1", { truncateBefore: 2n });
    expect(await second.findIdempotencyRecord(idempotency.identity)).not.toBeNull();
    await first.deleteStream("account-1");
    expect(await second.findIdempotencyRecord(idempotency.identity)).not.toBeNull();
  });
});
