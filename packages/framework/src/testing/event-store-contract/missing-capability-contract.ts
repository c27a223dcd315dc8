import assert from "node:assert/strict";
import { TidemarkError } from "../../errors.ts";
import type { EventStore, EventStoreCapabilities } from "../../event-store/event-store.ts";
import { appended, collectLog, contractEvents } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { idempotencyEntry } from "./idempotency-entry.ts";
import { takesKeys } from "./takes-keys.ts";

type Operation = (store: EventStore) => Promise<unknown>;

async function isRefused(
  store: EventStore,
  capability: keyof EventStoreCapabilities,
  operations: readonly Operation[],
): Promise<void> {
  for (const operation of operations) {
    await assert.rejects(
      async () => operation(store),
      (error) =>
        error instanceof TidemarkError &&
        error.code === "capability-missing" &&
        error.message.includes(capability),
    );
  }
  assert.deepEqual(await collectLog(store.readAll()), []);
}

export function missingCapabilityContract({ test, lacking }: ContractSuite): void {
  test("takes an append of one stream without conditions, whatever it lacks", async (store) => {
    const append = {
      streamId: "account-1",
      events: contractEvents(2),
      expectedRevision: "no-stream",
    } as const;
    assert.deepEqual(appended(await store.appendMany([append], { conditions: [] })).revisions, [1n]);
    const again = { ...append, events: contractEvents(1) };
    assert.equal((await store.appendMany([again])).status, "conflict");
  });

  lacking("multiStreamAppend")("refuses to append to several streams", async (store) => {
    const streams = ["account-1", "account-2"].map((streamId) => ({ streamId, events: contractEvents(1) }));
    await isRefused(store, "multiStreamAppend", [() => store.appendMany(streams)]);
  });

  lacking("appendConditions")("refuses conditions", async (store) => {
    const ofStream = { streamId: "account-2", expectedRevision: "no-stream" } as const;
    const ofLog = { filter: {}, noEventAfter: 0n };
    await isRefused(
      store,
      "appendConditions",
      [ofStream, ofLog].map(
        (condition) => () => store.append("account-1", contractEvents(1), { conditions: [condition] }),
      ),
    );
  });

  lacking("transactionalIdempotency")("refuses idempotency keys, unless it honours them", async (store) => {
    if (await takesKeys(store)) return;
    const idempotency = idempotencyEntry("k");
    await isRefused(store, "transactionalIdempotency", [
      () => store.append("account-1", contractEvents(1), { idempotency }),
      () => store.append("account-1", [], { idempotency }),
      () => store.findIdempotencyRecord(idempotency.identity),
    ]);
  });

  lacking("erasure")("refuses to erase, and keeps everything", async (store) => {
    const erase: Operation = () =>
      store.eraseStream("account-1", { requestedBy: "alice", reason: "asked for" });
    await isRefused(store, "erasure", [erase]);
    appended(await store.append("account-1", contractEvents(1)));
    await assert.rejects(async () => erase(store), TidemarkError);
    const [event] = await collectLog(store.readAll());
    assert.equal(event?.encoding, "avro");
  });
}
