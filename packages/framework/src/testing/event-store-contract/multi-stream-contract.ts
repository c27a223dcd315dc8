import assert from "node:assert/strict";
import {
  appended,
  collectLog,
  collectStream,
  contractEvent,
  contractEvents,
  idsOf,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

export function multiStreamContract({ having }: ContractSuite): void {
  const test = having("multiStreamAppend");

  test("appends to all streams in the given order", async (store) => {
    await store.append("account-2", contractEvents(1));
    const [one, two] = [contractEvents(2), contractEvents(1)];
    const outcome = appended(
      await store.appendMany([
        { streamId: "account-1", events: one, expectedRevision: "no-stream" },
        { streamId: "account-2", events: two, expectedRevision: 0n },
        { streamId: "account-3", events: [] },
      ]),
    );
    assert.deepEqual(outcome.revisions, [1n, 1n, null]);
    const log = await collectLog(store.readAll());
    assert.deepEqual(idsOf(log).slice(1), idsOf([...one, ...two]));
    assert.equal(outcome.position, log.at(-1)?.position);
  });

  test("appends to none when one expectation is not met", async (store) => {
    await store.append("account-2", contractEvents(1));
    const outcome = await store.appendMany([
      { streamId: "account-1", events: contractEvents(1) },
      { streamId: "account-2", events: contractEvents(1), expectedRevision: "no-stream" },
      { streamId: "account-3", events: contractEvents(1), expectedRevision: 5n },
    ]);
    assert.deepEqual(outcome, {
      status: "conflict",
      streamId: "account-2",
      expected: "no-stream",
      actual: 0n,
    });
    assert.equal((await collectLog(store.readAll())).length, 1);
  });

  test("appends to none when one event id is in its stream already", async (store) => {
    if (!store.capabilities.transactionalIdempotency) return;
    const known = contractEvent();
    await store.append("account-2", [known]);
    const outcome = await store.appendMany([
      { streamId: "account-1", events: contractEvents(1) },
      { streamId: "account-2", events: [known] },
    ]);
    assert.deepEqual(outcome, { status: "duplicate-event", eventId: known.eventId });
    assert.deepEqual(await collectStream(store, "account-1"), []);
  });

  test("refuses a stream that occurs twice", async (store) => {
    const entry = { streamId: "account-1", events: contractEvents(1) };
    await assert.rejects(store.appendMany([entry, entry]), hasCode("stream-name-invalid"));
  });

  test("is atomic beside other writers", async (store) => {
    await Promise.all(
      Array.from({ length: 12 }, () =>
        store.appendMany([
          { streamId: "account-1", events: contractEvents(1) },
          { streamId: "account-2", events: contractEvents(1) },
        ]),
      ),
    );
    const streams = (await collectLog(store.readAll())).map(({ streamId }) => streamId);
    assert.deepEqual(
      streams,
      Array.from({ length: 24 }, (_, n) => `account-${(n % 2) + 1}`),
    );
  });
}
