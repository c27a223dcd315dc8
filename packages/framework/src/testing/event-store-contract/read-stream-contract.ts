import assert from "node:assert/strict";
import type { ReadStreamOptions } from "../../event-store/event-store.ts";
import { collectLog, collectStream, contractEvents, idsOf } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

export function readStreamContract({ test }: ContractSuite): void {
  test("reads a stream in both directions, from a revision, up to a limit", async (store) => {
    const events = contractEvents(10);
    await store.append("account-other", contractEvents(3));
    await store.append("account-1", events);
    const ids = idsOf(events);
    const read = async (options: Parameters<typeof collectStream>[2]) =>
      idsOf(await collectStream(store, "account-1", options));
    assert.deepEqual(await read({}), ids);
    assert.deepEqual(await read({ from: 3n, limit: 4 }), ids.slice(3, 7));
    assert.deepEqual(await read({ from: 10n }), []);
    assert.deepEqual(await read({ direction: "backwards" }), ids.toReversed());
    assert.deepEqual(await read({ direction: "backwards", from: 4n, limit: 2 }), [ids[4], ids[3]]);
    assert.deepEqual(await read({ direction: "backwards", from: 99n, limit: 1 }), [ids[9]]);
    assert.deepEqual(await read({ limit: 0 }), []);
  });

  test("reads nothing from a stream that does not exist", async (store) => {
    assert.deepEqual(await collectStream(store, "account-none"), []);
    assert.deepEqual(await collectStream(store, "account-none", { direction: "backwards" }), []);
  });

  test("reads a stream that is longer than a page", async (store) => {
    for (let part = 0; part < 5; part += 1) await store.append("account-1", contractEvents(500));
    const forwards = (await collectStream(store, "account-1")).map(({ revision }) => revision);
    assert.deepEqual(
      forwards,
      Array.from({ length: 2_500 }, (_, revision) => BigInt(revision)),
    );
    const backwards = await collectStream(store, "account-1", { direction: "backwards" });
    assert.deepEqual(
      backwards.map(({ revision }) => revision),
      forwards.toReversed(),
    );
  });

  test("refuses to read what no store can keep or count", async (store) => {
    await store.append("account-1", contractEvents(2));
    for (const name of ["account", "account-\u0000", "account-\ud800"])
      await assert.rejects(collectStream(store, name), hasCode("stream-name-invalid"), name);
    const options = { tenant: "a\u0000b" };
    await assert.rejects(collectStream(store, "account-1", options), hasCode("stream-name-invalid"));
    const odd: readonly ReadStreamOptions[] = [
      { from: -1n },
      { from: 1n << 63n },
      { from: -1n, direction: "backwards" },
      { limit: -1 },
      { limit: 1.5 },
      { limit: Number.NaN },
    ];
    for (const options of odd)
      await assert.rejects(collectStream(store, "account-1", options), hasCode("validation-failed"));
  });

  test("ends the read of a stream with the reason of its signal", async (store) => {
    for (let part = 0; part < 3; part += 1) await store.append("account-1", contractEvents(700));
    const aborted = AbortSignal.abort(new Error("too late"));
    await assert.rejects(collectStream(store, "account-1", { signal: aborted }), /too late/);
    for (const direction of ["forwards", "backwards"] as const) {
      const controller = new AbortController();
      let seen = 0;
      const reading = (async () => {
        for await (const _event of store.readStream("account-1", { direction, signal: controller.signal })) {
          seen += 1;
          controller.abort(new Error("enough"));
        }
      })();
      await assert.rejects(reading, /enough/);
      assert.ok(seen < 2_100, `${seen} events came after the abort`);
    }
  });

  test("leaves off when its reader does", async (store) => {
    for (let part = 0; part < 3; part += 1) await store.append("account-1", contractEvents(700));
    for (const direction of ["forwards", "backwards"] as const) {
      for await (const event of store.readStream("account-1", { direction })) {
        assert.equal(event.revision, direction === "forwards" ? 0n : 2_099n);
        break;
      }
    }
    assert.equal((await collectLog(store.readAll())).length, 2_100);
  });
}
