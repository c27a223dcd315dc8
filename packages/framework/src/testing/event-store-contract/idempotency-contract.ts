import assert from "node:assert/strict";
import { eventually } from "../eventually.ts";
import { appended, collectLog, collectStream, contractEvents } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";
import { idempotencyEntry as entry } from "./idempotency-entry.ts";
import { takesKeys } from "./takes-keys.ts";

export function idempotencyContract({ test, having }: ContractSuite): void {
  test("answers a repeated key with the record and writes nothing", async (store) => {
    const idempotency = entry("k1");
    const first = appended(await store.append("account-1", contractEvents(3), { idempotency }));
    const again = await store.append("account-1", contractEvents(3), {
      idempotency: entry("k1", { body: Buffer.from("another answer") }),
      expectedRevision: "no-stream",
    });
    assert.equal(again.status, "already-recorded");
    const { record } = again;
    assert.deepEqual(Buffer.from(record.body), idempotency.body);
    assert.deepEqual(Buffer.from(record.requestHash), idempotency.requestHash);
    assert.deepEqual([record.revision, record.position], [2n, first.position]);
    assert.deepEqual(await store.findIdempotencyRecord(idempotency.identity), record);
    assert.equal((await collectStream(store, "account-1")).length, 3);
  });

  test("records an append without events", async (store) => {
    const idempotency = entry("refused");
    appended(await store.append("account-1", [], { idempotency }));
    const again = await store.append("account-1", contractEvents(1), { idempotency });
    assert.equal(again.status, "already-recorded");
    assert.deepEqual([again.record.revision, again.record.position], [null, null]);
  });

  test("keeps the keys of principals and tenants apart", async (store) => {
    appended(await store.append("account-1", contractEvents(1), { idempotency: entry("k") }));
    const bob = entry("k", { principal: "bob" });
    appended(await store.append("account-1", contractEvents(1), { idempotency: bob }));
    const other = entry("k", { tenant: "other" });
    appended(await store.append("account-1", contractEvents(1), { idempotency: other, tenant: "other" }));
    assert.equal(await store.findIdempotencyRecord({ tenant: "other", principal: "bob", key: "k" }), null);
  });

  test("does not record a conflict", async (store) => {
    await store.append("account-1", contractEvents(1));
    const idempotency = entry("k");
    const refused = { idempotency, expectedRevision: 7n };
    assert.equal((await store.append("account-1", contractEvents(1), refused)).status, "conflict");
    assert.equal(await store.findIdempotencyRecord(idempotency.identity), null);
    appended(await store.append("account-1", contractEvents(1), { idempotency }));
  });

  having("transactionalIdempotency")("does not record a duplicate event", async (store) => {
    const events = contractEvents(1);
    await store.append("account-1", events);
    const idempotency = entry("k");
    assert.equal((await store.append("account-1", events, { idempotency })).status, "duplicate-event");
    assert.equal(await store.findIdempotencyRecord(idempotency.identity), null);
    appended(await store.append("account-1", contractEvents(1), { idempotency }));
  });

  having("appendConditions")(
    "does not record a condition that fails, and answers before it looks at one",
    async (store) => {
      if (!(await takesKeys(store))) return;
      await store.append("account-1", contractEvents(1));
      const idempotency = entry("k");
      const conditions = [{ filter: {}, noEventAfter: 0n }];
      const refused = await store.append("account-1", contractEvents(1), { idempotency, conditions });
      assert.equal(refused.status, "condition-failed");
      assert.equal(await store.findIdempotencyRecord(idempotency.identity), null);
      appended(await store.append("account-1", contractEvents(1), { idempotency }));
      const again = await store.append("account-1", contractEvents(1), { idempotency, conditions });
      assert.equal(again.status, "already-recorded");
    },
  );

  test("writes once when the same key arrives many times at once", async (store) => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () =>
        store.append("account-1", contractEvents(1), { idempotency: entry("same") }),
      ),
    );
    assert.equal(outcomes.filter(({ status }) => status === "appended").length, 1);
    assert.equal(outcomes.filter(({ status }) => status === "already-recorded").length, 9);
    assert.equal((await collectLog(store.readAll())).length, 1);
  });

  test("forgets a record after its time and takes the key again", async (store) => {
    const short = entry("k", { timeToLiveMs: 20 });
    appended(await store.append("account-1", contractEvents(1), { idempotency: short }));
    await eventually(async () => assert.equal(await store.findIdempotencyRecord(short.identity), null));
    const next = entry("k", { body: Buffer.from("new") });
    appended(await store.append("account-1", contractEvents(1), { idempotency: next }));
    const found = await store.findIdempotencyRecord(next.identity);
    assert.equal(Buffer.from(found?.body ?? []).toString(), "new");
    assert.equal(found?.revision, 1n);
  });

  test("refuses keys that it cannot keep", async (store) => {
    for (const key of ["", "a\u0000b", "k".repeat(256), "\ud800"]) {
      const append = store.append("account-1", contractEvents(1), { idempotency: entry(key) });
      await assert.rejects(append, hasCode("idempotency-key-invalid"));
    }
    const foreign = { idempotency: entry("k", { tenant: "other" }) };
    await assert.rejects(
      store.append("account-1", contractEvents(1), foreign),
      hasCode("idempotency-key-invalid"),
    );
  });
}
