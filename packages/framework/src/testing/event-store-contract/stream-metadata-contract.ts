import assert from "node:assert/strict";
import type { EventStore } from "../../event-store/event-store.ts";
import type { StreamMetadata } from "../../event-store/stream-metadata.ts";
import { eventually } from "../eventually.ts";
import { appended, collectLog, collectStream, contractEvents, idsOf } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

/** The revisions that a stream shows; both directions agree. */
async function shown(store: EventStore, streamId = "account-1"): Promise<number[]> {
  const forwards = (await collectStream(store, streamId)).map(({ revision }) => Number(revision));
  const backwards = await collectStream(store, streamId, { direction: "backwards" });
  assert.deepEqual(
    backwards.map(({ revision }) => Number(revision)),
    forwards.toReversed(),
  );
  return forwards;
}

export function streamMetadataContract({ test, having }: ContractSuite): void {
  test("keeps the metadata of a stream until other metadata replaces it", async (store) => {
    assert.deepEqual(await store.streamMetadata("account-1"), {});
    await store.append("account-1", contractEvents(2));
    await store.append("account-2", contractEvents(2));
    const kept: readonly StreamMetadata[] = [
      { maxCount: 5, maxAgeSeconds: 3_600, truncateBefore: 1n },
      { maxCount: 1 },
      { maxAgeSeconds: 90_000 },
      { truncateBefore: 7n },
      {},
    ];
    for (const metadata of kept) {
      await store.setStreamMetadata("account-1", metadata);
      assert.deepEqual(await store.streamMetadata("account-1"), metadata);
      assert.deepEqual(await store.streamMetadata("account-2"), {});
    }
  });

  test("shows only the newest events of a stream with maxCount", async (store) => {
    await store.append("account-1", contractEvents(5));
    await store.append("account-2", contractEvents(4));
    await store.setStreamMetadata("account-1", { maxCount: 2 });
    assert.deepEqual(await shown(store), [3, 4]);
    assert.deepEqual(await shown(store, "account-2"), [0, 1, 2, 3]);
    const from = async (from: bigint, limit: number, direction: "forwards" | "backwards" = "forwards") =>
      (await collectStream(store, "account-1", { from, limit, direction })).map(({ revision }) => revision);
    assert.deepEqual(await from(0n, 1), [3n]);
    assert.deepEqual(await from(4n, 9), [4n]);
    assert.deepEqual(await from(3n, 9, "backwards"), [3n]);
    assert.deepEqual(await from(2n, 9, "backwards"), []);
    await store.append("account-1", contractEvents(1));
    assert.deepEqual(await shown(store), [4, 5]);
    await store.setStreamMetadata("account-1", { maxCount: 100 });
    assert.deepEqual(await shown(store), [0, 1, 2, 3, 4, 5]);
  });

  test("shows only the events from truncateBefore on", async (store) => {
    await store.append("account-1", contractEvents(5));
    await store.setStreamMetadata("account-1", { truncateBefore: 3n });
    assert.deepEqual(await shown(store), [3, 4]);
    await store.setStreamMetadata("account-1", { truncateBefore: 6n });
    assert.deepEqual(await shown(store), []);
    await store.append("account-1", contractEvents(2));
    assert.deepEqual(await shown(store), [6]);
    await store.setStreamMetadata("account-1", { truncateBefore: 2n, maxCount: 3 });
    assert.deepEqual(await shown(store), [4, 5, 6]);
    await store.setStreamMetadata("account-1", { truncateBefore: 5n, maxCount: 3 });
    assert.deepEqual(await shown(store), [5, 6]);
    await store.setStreamMetadata("account-1", {});
    assert.deepEqual(await shown(store), [0, 1, 2, 3, 4, 5, 6]);
  });

  test("bounds a stream that is longer than a page", async (store) => {
    for (let part = 0; part < 5; part += 1) await store.append("account-1", contractEvents(500));
    await store.setStreamMetadata("account-1", { maxCount: 1_300 });
    const newest = Array.from({ length: 1_300 }, (_, n) => n + 1_200);
    assert.deepEqual(await shown(store), newest);
  });

  test("hides the events of a stream as they grow older than maxAgeSeconds", async (store) => {
    const old = contractEvents(2);
    const began = performance.now();
    await store.append("account-1", old);
    await store.setStreamMetadata("account-1", { maxAgeSeconds: 3_600 });
    assert.deepEqual(await shown(store), [0, 1]);
    await store.setStreamMetadata("account-1", { maxAgeSeconds: 1 });
    await eventually(async () => assert.deepEqual(await shown(store), []));
    assert.ok(performance.now() - began > 800, "hidden before their time");
    const young = contractEvents(1);
    appended(await store.append("account-1", young, { expectedRevision: 1n }));
    await store.setStreamMetadata("account-1", { maxAgeSeconds: 3_600, truncateBefore: 1n });
    assert.deepEqual(await shown(store), [1, 2]);
    assert.deepEqual(idsOf(await collectLog(store.readAll())), idsOf([...old, ...young]));
  });

  test("leaves revisions, positions and the log as they are", async (store) => {
    const events = contractEvents(4);
    await store.append("account-1", events);
    await store.setStreamMetadata("account-1", { truncateBefore: 4n, maxCount: 1 });
    const log = await collectLog(store.readAll({ filter: { categories: ["account"] } }));
    assert.deepEqual(idsOf(log), idsOf(events));
    assert.deepEqual(await collectLog(store.readAll({ direction: "backwards" })), log.toReversed());
    for (const expectedRevision of ["no-stream", 0n] as const) {
      const outcome = await store.append("account-1", contractEvents(1), { expectedRevision });
      const conflict = { status: "conflict", streamId: "account-1", expected: expectedRevision, actual: 3n };
      assert.deepEqual(outcome, conflict);
    }
    const outcome = await store.append("account-1", contractEvents(1), { expectedRevision: 3n });
    assert.deepEqual(appended(outcome).revisions, [4n]);
    appended(await store.append("account-1", contractEvents(1), { expectedRevision: "stream-exists" }));
    assert.deepEqual(await shown(store), [5]);
  });

  having("transactionalIdempotency")("knows the id of an event that it hides", async (store) => {
    const events = contractEvents(3);
    await store.append("account-1", events);
    await store.setStreamMetadata("account-1", { truncateBefore: 3n });
    const again = await store.append("account-1", events.slice(1, 2));
    assert.deepEqual(again, { status: "duplicate-event", eventId: events[1]?.eventId });
  });

  test("keeps the metadata of tenants apart", async (store) => {
    await store.append("account-1", contractEvents(2));
    await store.append("account-1", contractEvents(2), { tenant: "other" });
    await store.setStreamMetadata("account-1", { maxCount: 1 }, { tenant: "other" });
    assert.deepEqual(await store.streamMetadata("account-1"), {});
    assert.deepEqual(await store.streamMetadata("account-1", { tenant: "other" }), { maxCount: 1 });
    assert.deepEqual(await shown(store), [0, 1]);
    assert.equal((await collectStream(store, "account-1", { tenant: "other" })).length, 1);
  });

  test("refuses metadata that bounds nothing, and of a stream that there is not", async (store) => {
    const set = (streamId: string, metadata: StreamMetadata) => async () =>
      store.setStreamMetadata(streamId, metadata);
    await assert.rejects(set("account-1", { maxCount: 1 }), hasCode("stream-not-found"));
    await assert.rejects(set("account", { maxCount: 1 }), hasCode("stream-name-invalid"));
    await assert.rejects(async () => store.streamMetadata("account\u0000-1"), hasCode("stream-name-invalid"));
    await store.append("account-1", contractEvents(2));
    await store.setStreamMetadata("account-1", { maxCount: 7 });
    const odd: readonly StreamMetadata[] = [
      { maxCount: 0 },
      { maxCount: -1 },
      { maxCount: 1.5 },
      { maxAgeSeconds: 0 },
      { maxAgeSeconds: Number.NaN },
      { maxAgeSeconds: Number.POSITIVE_INFINITY },
      { truncateBefore: -1n },
      { truncateBefore: 1n << 63n },
    ];
    for (const metadata of odd)
      await assert.rejects(set("account-1", metadata), hasCode("validation-failed"));
    assert.deepEqual(await store.streamMetadata("account-1"), { maxCount: 7 });
  });
}
