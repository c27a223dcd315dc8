import assert from "node:assert/strict";
import {
  appended,
  collectLog,
  collectStream,
  contractEvent,
  contractEvents,
  contractSchema,
  idsOf,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

const invalidNames = [
  "",
  "account",
  "-1",
  "account-",
  "$sys-1",
  "account-\u0000",
  "account-a\nb",
  "account-\ud800",
];

export function appendInputContract({ test }: ContractSuite): void {
  test("refuses a number that is no revision", async (store) => {
    await store.append("account-1", contractEvents(2));
    for (const expectedRevision of [-1n, -2n, -3n, 1n << 63n]) {
      const append = store.append("account-1", contractEvents(1), { expectedRevision });
      await assert.rejects(append, hasCode("validation-failed"), String(expectedRevision));
    }
    assert.equal((await collectStream(store, "account-1")).length, 2);
  });

  test("refuses names that no store can keep", async (store) => {
    for (const name of [...invalidNames, `account-${"x".repeat(250)}`]) {
      await assert.rejects(store.append(name, contractEvents(1)), hasCode("stream-name-invalid"), name);
    }
    const tenant = "a\u0000b";
    await assert.rejects(
      store.append("account-1", contractEvents(1), { tenant }),
      hasCode("stream-name-invalid"),
    );
    assert.deepEqual(await collectLog(store.readAll()), []);
  });

  test("refuses events that are not well formed", async (store) => {
    const invalid = [
      { eventId: "1" },
      { correlationId: "x" },
      { causationId: "" },
      { type: "no name" },
      { eventVersion: 0 },
      { eventVersion: 1.5 },
      { schema: { ...contractSchema("contract.Other"), sha256: "00".repeat(32) } },
    ];
    for (const overrides of invalid) {
      const events = [contractEvent(overrides)];
      await assert.rejects(store.append("account-1", events), hasCode("event-invalid"));
    }
    assert.deepEqual(await collectLog(store.readAll()), []);
  });

  test("refuses what is too large, and takes what just fits", async (store) => {
    const eventLimit = 256 * 1024;
    const data = (bytes: number) => ({ data: Buffer.alloc(bytes, 7), meta: Buffer.alloc(0) });
    const tooLarge = [
      contractEvents(1, data(eventLimit + 1)),
      contractEvents(5, data(eventLimit)),
      contractEvents(1_001),
    ];
    for (const events of tooLarge)
      await assert.rejects(store.append("account-1", events), hasCode("event-too-large"));
    // KurrentDB counts its own headers into a limit of the same size: an append fits with some room.
    const fitting = [...contractEvents(3, data(eventLimit)), ...contractEvents(1, data(eventLimit / 2))];
    appended(await store.append("account-1", fitting));
    appended(await store.append("account-2", contractEvents(1_000)));
    const [first] = await collectStream(store, "account-1");
    assert.deepEqual(Buffer.from(first?.data ?? []), fitting[0]?.data);
  });

  test("writes nothing when the signal has aborted", async (store) => {
    const signal = AbortSignal.abort(new Error("too late"));
    await assert.rejects(store.append("account-1", contractEvents(1), { signal }), /too late/);
    assert.deepEqual(await collectLog(store.readAll()), []);
  });

  test("answers each append truly when its signal aborts while it waits or is under way", async (store) => {
    const controller = new AbortController();
    const events = contractEvents(60);
    const appends = events.map((event, n) =>
      store.append(`account-${n % 7}`, [event], { signal: controller.signal }),
    );
    controller.abort(new Error("enough"));
    const written = new Set<string>();
    for (const [n, result] of (await Promise.allSettled(appends)).entries()) {
      if (result.status === "fulfilled") written.add(events[n]?.eventId ?? "");
      else assert.match(String(result.reason), /enough/);
    }
    assert.deepEqual(new Set(idsOf(await collectLog(store.readAll()))), written);
  });
}
