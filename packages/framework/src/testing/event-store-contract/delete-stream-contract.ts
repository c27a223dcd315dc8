import assert from "node:assert/strict";
import type { EventStore } from "../../event-store/event-store.ts";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
import { appended, collectLog, collectStream, contractEvents, idsOf } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

const deleted = { status: "deleted" };

function conflict(streamId: string, expected: ExpectedRevision, actual: bigint | null) {
  return { status: "conflict", streamId, expected, actual };
}

/** A stream of three events, deleted. */
async function deletedStream(store: EventStore, streamId: string): Promise<void> {
  appended(await store.append(streamId, contractEvents(3)));
  assert.deepEqual(await store.deleteStream(streamId), deleted);
}

export function deleteStreamContract({ test, having }: ContractSuite): void {
  test("shows nothing of a deleted stream, and keeps its events in the log", async (store) => {
    await store.append("account-1", contractEvents(3));
    await store.append("account-2", contractEvents(2));
    const log = await collectLog(store.readAll());
    assert.deepEqual(await store.deleteStream("account-1"), deleted);
    for (const direction of ["forwards", "backwards"] as const) {
      assert.deepEqual(await collectStream(store, "account-1", { direction }), []);
      assert.deepEqual(await collectStream(store, "account-1", { direction, from: 1n }), []);
    }
    assert.deepEqual(await collectLog(store.readAll()), log);
    assert.deepEqual(await collectLog(store.readAll({ filter: { categories: ["account"] } })), log);
    assert.deepEqual(await collectLog(store.readAll({ direction: "backwards" })), log.toReversed());
    assert.equal((await collectStream(store, "account-2")).length, 2);
  });

  test("meets or refuses each expected revision of a deletion", async (store) => {
    const cases: readonly [ExpectedRevision | undefined, "missing" | "three events" | "deleted", boolean][] =
      [
        [undefined, "missing", false],
        ["stream-exists", "missing", false],
        ["any", "missing", true],
        ["no-stream", "missing", true],
        [0n, "missing", false],
        [undefined, "three events", true],
        ["stream-exists", "three events", true],
        ["any", "three events", true],
        ["no-stream", "three events", false],
        [2n, "three events", true],
        [1n, "three events", false],
        [3n, "three events", false],
        [undefined, "deleted", false],
        ["any", "deleted", true],
        ["no-stream", "deleted", true],
        [2n, "deleted", false],
      ];
    for (const [index, [expectedRevision, state, succeeds]] of cases.entries()) {
      const streamId = `account-${index}`;
      if (state === "deleted") await deletedStream(store, streamId);
      if (state === "three events") await store.append(streamId, contractEvents(3));
      const options = expectedRevision === undefined ? {} : { expectedRevision };
      const outcome = await store.deleteStream(streamId, options);
      const refused = conflict(
        streamId,
        expectedRevision ?? "stream-exists",
        state === "three events" ? 2n : null,
      );
      assert.deepEqual(outcome, succeeds ? deleted : refused, `${expectedRevision} on ${state}`);
      const left = state === "three events" && !succeeds ? 3 : 0;
      assert.equal((await collectStream(store, streamId)).length, left);
    }
  });

  test("takes a deleted stream for missing, and for one at its last revision", async (store) => {
    const cases: readonly [ExpectedRevision, boolean][] = [
      ["any", true],
      ["no-stream", true],
      ["stream-exists", false],
      [0n, false],
      [1n, false],
      [2n, true],
      [3n, false],
    ];
    for (const [index, [expectedRevision, succeeds]] of cases.entries()) {
      const streamId = `account-${index}`;
      await deletedStream(store, streamId);
      const empty = await store.append(streamId, [], { expectedRevision });
      const refused = conflict(streamId, expectedRevision, null);
      const nothing = { status: "appended", revisions: [null], position: null };
      assert.deepEqual(empty, succeeds ? nothing : refused, `nothing at ${expectedRevision}`);
      assert.deepEqual(await store.deleteStream(streamId), conflict(streamId, "stream-exists", null));
      const events = contractEvents(2);
      const outcome = await store.append(streamId, events, { expectedRevision });
      if (succeeds) assert.deepEqual(appended(outcome).revisions, [4n], `events at ${expectedRevision}`);
      else assert.deepEqual(outcome, refused);
      assert.deepEqual(idsOf(await collectStream(store, streamId)), succeeds ? idsOf(events) : []);
    }
  });

  test("continues the revisions of a stream that comes back, without its past", async (store) => {
    await deletedStream(store, "account-1");
    const revived = contractEvents(2);
    const outcome = await store.append("account-1", revived, { expectedRevision: "no-stream" });
    assert.deepEqual(appended(outcome).revisions, [4n]);
    const revisions = async () => (await collectStream(store, "account-1")).map(({ revision }) => revision);
    assert.deepEqual(await revisions(), [3n, 4n]);
    const backwards = await collectStream(store, "account-1", { direction: "backwards" });
    assert.deepEqual(idsOf(backwards), idsOf(revived.toReversed()));
    assert.deepEqual(idsOf(await collectStream(store, "account-1", { from: 1n, limit: 1 })), [
      revived[0]?.eventId,
    ]);
    for (const metadata of [{}, { maxCount: 100 }, { truncateBefore: 1n }]) {
      await store.setStreamMetadata("account-1", metadata);
      assert.deepEqual(await store.streamMetadata("account-1"), metadata);
      assert.deepEqual(await revisions(), [3n, 4n]);
    }
    await store.setStreamMetadata("account-1", { truncateBefore: 4n });
    assert.deepEqual(await revisions(), [4n]);
    assert.deepEqual(await store.deleteStream("account-1", { expectedRevision: 4n }), deleted);
    appended(await store.append("account-1", contractEvents(1), { expectedRevision: 4n }));
    assert.deepEqual(await revisions(), [5n]);
    appended(await store.append("account-1", contractEvents(1), { expectedRevision: 5n }));
    assert.equal((await collectLog(store.readAll())).length, 7);
  });

  test("drops the metadata of a stream with its deletion", async (store) => {
    await store.append("account-1", contractEvents(3));
    await store.setStreamMetadata("account-1", { maxCount: 1, maxAgeSeconds: 1_000, truncateBefore: 1n });
    assert.deepEqual(await store.deleteStream("account-1"), deleted);
    assert.deepEqual(await store.streamMetadata("account-1"), {});
    const set = async () => store.setStreamMetadata("account-1", { maxCount: 5 });
    await assert.rejects(set, hasCode("stream-not-found"));
    assert.deepEqual(await collectStream(store, "account-1"), []);
    await store.append("account-1", contractEvents(2));
    assert.deepEqual(await store.streamMetadata("account-1"), {});
    assert.equal((await collectStream(store, "account-1")).length, 2);
  });

  test("lets one of several deletions win", async (store) => {
    await store.append("account-1", contractEvents(3));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => store.deleteStream("account-1", { expectedRevision: 2n })),
    );
    assert.equal(outcomes.filter(({ status }) => status === "deleted").length, 1);
    const refused = outcomes.filter(({ status }) => status === "conflict");
    assert.deepEqual(refused, Array(7).fill(conflict("account-1", 2n, null)));
  });

  having("transactionalIdempotency")("knows the id of an event of the deleted past", async (store) => {
    const events = contractEvents(2);
    await store.append("account-1", events);
    await store.deleteStream("account-1");
    const again = await store.append("account-1", events.slice(1), { expectedRevision: "no-stream" });
    assert.deepEqual(again, { status: "duplicate-event", eventId: events[1]?.eventId });
    assert.deepEqual(await collectStream(store, "account-1"), []);
  });

  test("deletes the stream of one tenant", async (store) => {
    await store.append("account-1", contractEvents(1));
    await store.append("account-1", contractEvents(2), { tenant: "other" });
    assert.deepEqual(await store.deleteStream("account-1", { tenant: "other" }), deleted);
    assert.equal((await collectStream(store, "account-1")).length, 1);
    assert.deepEqual(await collectStream(store, "account-1", { tenant: "other" }), []);
  });

  test("refuses to delete what no store can keep", async (store) => {
    await assert.rejects(async () => store.deleteStream("account"), hasCode("stream-name-invalid"));
    const tenant = "a\u0000b";
    await assert.rejects(
      async () => store.deleteStream("account-1", { tenant }),
      hasCode("stream-name-invalid"),
    );
    await store.append("account-1", contractEvents(1));
    for (const expectedRevision of [-1n, 1n << 63n]) {
      const remove = async () => store.deleteStream("account-1", { expectedRevision });
      await assert.rejects(remove, hasCode("validation-failed"));
    }
    assert.equal((await collectStream(store, "account-1")).length, 1);
  });
}
