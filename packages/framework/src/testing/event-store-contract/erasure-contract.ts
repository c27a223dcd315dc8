import assert from "node:assert/strict";
import type { ErasureRequest } from "../../event-store/erasure.ts";
import { eventually } from "../eventually.ts";
import { appended, collectLog, collectStream, contractEvent, contractEvents } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

const who = { requestedBy: "alice", reason: "the customer asked for it" };

export function erasureContract({ having }: ContractSuite): void {
  const test = having("erasure");

  test("takes away the payloads of a stream, and nothing else", async (store) => {
    await store.append("account-1", [
      contractEvent({ type: "ledger.A", correlationId: "5b3a1a52-8d5b-4c4d-9a07-0d6a6f1b2c3d" }),
      contractEvent({ type: "ledger.B" }),
      contractEvent({ type: "ledger.A" }),
    ]);
    await store.append("account-2", contractEvents(2));
    const before = await collectLog(store.readAll());
    const outcome = await store.eraseStream("account-1", who);
    assert.equal(outcome.status, "erased");
    assert.equal(outcome.events, 3n);
    assert.deepEqual(outcome.types.toSorted(), ["ledger.A", "ledger.B"]);
    const erased = before.map((event) =>
      event.streamId === "account-1"
        ? { ...event, encoding: "erased" as const, data: Buffer.alloc(0) }
        : event,
    );
    assert.deepEqual(await collectLog(store.readAll()), erased);
    assert.deepEqual(await collectLog(store.readAll({ direction: "backwards" })), erased.toReversed());
    assert.deepEqual(await store.eventsAt(erased.map(({ position }) => position)), erased);
    assert.deepEqual(await collectStream(store, "account-1"), erased.slice(0, 3));
    assert.equal(await store.eventIdAt(erased[1]?.position ?? 0n), erased[1]?.eventId);
  });

  test("erases a range of revisions, each event once", async (store) => {
    await store.append("account-1", contractEvents(6));
    const erase = (range: Partial<ErasureRequest>) => store.eraseStream("account-1", { ...who, ...range });
    const encodings = async () => (await collectStream(store, "account-1")).map(({ encoding }) => encoding);
    const types = ["contract.Happened"];
    assert.deepEqual(await erase({ from: 1n, to: 2n }), { status: "erased", events: 2n, types });
    assert.deepEqual(await encodings(), ["avro", "erased", "erased", "avro", "avro", "avro"]);
    assert.deepEqual(await erase({ from: 2n, to: 3n }), { status: "erased", events: 1n, types });
    assert.deepEqual(await erase({ to: 0n }), { status: "erased", events: 1n, types });
    assert.deepEqual(await erase({ from: 5n, to: 999n }), { status: "erased", events: 1n, types });
    assert.deepEqual(await encodings(), ["erased", "erased", "erased", "erased", "avro", "erased"]);
    assert.deepEqual(await erase({ from: 6n }), { status: "erased", events: 0n, types: [] });
    assert.deepEqual(await erase({}), { status: "erased", events: 1n, types });
    assert.deepEqual(await erase({}), { status: "erased", events: 0n, types: [] });
  });

  test("leaves the stream open for more", async (store) => {
    const events = contractEvents(2);
    await store.append("account-1", events);
    await store.eraseStream("account-1", who);
    appended(await store.append("account-1", contractEvents(1), { expectedRevision: 1n }));
    const encodings = (await collectStream(store, "account-1")).map(({ encoding }) => encoding);
    assert.deepEqual(encodings, ["erased", "erased", "avro"]);
    if (!store.capabilities.transactionalIdempotency) return;
    assert.equal((await store.append("account-1", events.slice(1))).status, "duplicate-event");
  });

  test("erases what metadata or a deletion hides", async (store) => {
    await store.append("account-1", contractEvents(3));
    await store.setStreamMetadata("account-1", { truncateBefore: 2n });
    await store.append("account-2", contractEvents(2));
    await store.deleteStream("account-2");
    const types = ["contract.Happened"];
    assert.deepEqual(await store.eraseStream("account-1", who), { status: "erased", events: 3n, types });
    assert.deepEqual(await store.eraseStream("account-2", who), { status: "erased", events: 2n, types });
    const log = await collectLog(store.readAll());
    assert.ok(log.every(({ encoding, data }) => encoding === "erased" && data.length === 0));
    assert.deepEqual(await collectStream(store, "account-2"), []);
  });

  test("carries out a scheduled erasure when it is due, with all that is there by then", async (store) => {
    await store.append("account-1", contractEvents(2));
    await store.append("account-2", contractEvents(2));
    const at = new Date(Date.now() + 1_500);
    assert.deepEqual(await store.eraseStream("account-1", { ...who, at }), { status: "scheduled", at });
    await store.eraseStream("account-2", { ...who, at: new Date(at.getTime() + 3_600_000) });
    await store.append("account-1", contractEvents(1));
    const before = (await collectStream(store, "account-1")).map(({ encoding }) => encoding);
    assert.deepEqual(before, ["avro", "avro", "avro"]);
    const erased = async () => {
      const encodings = (await collectStream(store, "account-1")).map(({ encoding }) => encoding);
      assert.deepEqual(encodings, ["erased", "erased", "erased"]);
    };
    await eventually(erased, { timeout: 20_000, interval: 50 });
    assert.ok(Date.now() >= at.getTime(), "before its time");
    const other = (await collectStream(store, "account-2")).map(({ encoding }) => encoding);
    assert.deepEqual(other, ["avro", "avro"]);
  });

  test("carries out at once what was due in the past", async (store) => {
    await store.append("account-1", contractEvents(1));
    const outcome = await store.eraseStream("account-1", { ...who, at: new Date(0) });
    assert.deepEqual(outcome, { status: "erased", events: 1n, types: ["contract.Happened"] });
  });

  test("erases the stream of one tenant", async (store) => {
    await store.append("account-1", contractEvents(1));
    await store.append("account-1", contractEvents(1), { tenant: "other" });
    await store.eraseStream("account-1", { ...who, tenant: "other" });
    assert.equal((await collectStream(store, "account-1"))[0]?.encoding, "avro");
    assert.equal((await collectStream(store, "account-1", { tenant: "other" }))[0]?.encoding, "erased");
  });

  test("refuses a request that is not well formed, or of a stream that there never was", async (store) => {
    await store.append("account-1", contractEvents(2));
    const erase = (streamId: string, request: Partial<ErasureRequest>) => async () =>
      store.eraseStream(streamId, { ...who, ...request });
    await assert.rejects(erase("account-2", {}), hasCode("stream-not-found"));
    await assert.rejects(erase("account-1", { tenant: "other" }), hasCode("stream-not-found"));
    await assert.rejects(erase("account", {}), hasCode("stream-name-invalid"));
    await assert.rejects(erase("account-1", { tenant: "\u0000" }), hasCode("stream-name-invalid"));
    const odd: readonly Partial<ErasureRequest>[] = [
      { from: -1n },
      { to: -1n },
      { to: 1n << 63n },
      { from: 1n, to: 0n },
      { requestedBy: "" },
      { reason: "" },
      { reason: "a\u0000b" },
      { at: new Date(Number.NaN) },
    ];
    for (const request of odd)
      await assert.rejects(
        erase("account-1", request),
        hasCode("validation-failed"),
        JSON.stringify(Object.keys(request)),
      );
    const encodings = (await collectStream(store, "account-1")).map(({ encoding }) => encoding);
    assert.deepEqual(encodings, ["avro", "avro"]);
  });
}
