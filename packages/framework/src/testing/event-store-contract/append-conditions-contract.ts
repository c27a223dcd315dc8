import assert from "node:assert/strict";
import type { AppendCondition } from "../../event-store/append-condition.ts";
import type { EventStore } from "../../event-store/event-store.ts";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
import {
  appended,
  collectLog,
  collectStream,
  contractEvent,
  contractEvents,
  idsOf,
  positionAt,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

function under(store: EventStore, ...conditions: AppendCondition[]) {
  return store.append("account-written", contractEvents(1), { conditions });
}

export function appendConditionsContract({ having }: ContractSuite): void {
  const test = having("appendConditions");

  test("meets or refuses each expected revision of a stream that is not written", async (store) => {
    const cases: readonly [ExpectedRevision, "missing" | "two events" | "deleted", boolean][] = [
      ["any", "missing", true],
      ["no-stream", "missing", true],
      ["stream-exists", "missing", false],
      [0n, "missing", false],
      ["any", "two events", true],
      ["no-stream", "two events", false],
      ["stream-exists", "two events", true],
      [0n, "two events", false],
      [1n, "two events", true],
      [2n, "two events", false],
      ["no-stream", "deleted", true],
      ["stream-exists", "deleted", false],
      [0n, "deleted", false],
    ];
    let written = 0;
    for (const [index, [expected, state, succeeds]] of cases.entries()) {
      const streamId = `account-${index}`;
      if (state !== "missing") await store.append(streamId, contractEvents(2));
      if (state === "deleted") await store.deleteStream(streamId);
      const outcome = await under(store, { streamId, expectedRevision: expected });
      const actual = state === "two events" ? 1n : null;
      if (succeeds) assert.equal(outcome.status, "appended", `${expected} on ${state}`);
      else assert.deepEqual(outcome, { status: "conflict", streamId, expected, actual });
      written += succeeds ? 1 : 0;
      assert.equal((await collectStream(store, "account-written")).length, written);
    }
  });

  test("refuses when an event that matches the filter is behind the position", async (store) => {
    await store.append("account-1", contractEvents(2, { type: "ledger.A" }));
    await store.append("entry-1", contractEvents(2, { type: "ledger.B" }));
    await store.append("account-2", contractEvents(2, { type: "ledger.B" }));
    const log = await collectLog(store.readAll());
    const place = (index: number) => positionAt(log, index);
    const cases: readonly [Extract<AppendCondition, { noEventAfter: bigint }>, number | null][] = [
      [{ filter: { types: ["ledger.A"] }, noEventAfter: 0n }, 0],
      [{ filter: { types: ["ledger.A"] }, noEventAfter: place(0) }, 1],
      [{ filter: { types: ["ledger.A"] }, noEventAfter: place(1) }, null],
      [{ filter: { types: ["ledger.B"] }, noEventAfter: place(1) }, 2],
      [{ filter: { categories: ["entry"] }, noEventAfter: place(2) }, 3],
      [{ filter: { categories: ["entry"] }, noEventAfter: place(3) }, null],
      [{ filter: { types: ["ledger.B"], categories: ["account"] }, noEventAfter: 0n }, 4],
      [{ filter: { types: ["ledger.A"], categories: ["entry"] }, noEventAfter: 0n }, null],
      [{ filter: { types: ["ledger.Unknown", "ledger.A"] }, noEventAfter: 0n }, 0],
      [{ filter: { types: ["ledger.Unknown"] }, noEventAfter: 0n }, null],
      [{ filter: { types: [] }, noEventAfter: 0n }, null],
      [{ filter: { categories: ["none"] }, noEventAfter: 0n }, null],
      [{ filter: { categories: ["entry"] }, noEventAfter: 1n << 62n }, null],
    ];
    for (const [condition, excluded] of cases) {
      const outcome = await under(store, condition);
      const title = `${JSON.stringify(condition.filter)} after ${condition.noEventAfter}`;
      if (excluded === null) assert.equal(outcome.status, "appended", title);
      else {
        const position = place(excluded);
        assert.deepEqual(outcome, { status: "condition-failed", condition, position }, title);
      }
      await store.deleteStream("account-written", { expectedRevision: "any" });
    }
  });

  test("refuses behind any event under an empty filter", async (store) => {
    const { position } = appended(await under(store, { filter: {}, noEventAfter: 0n }));
    const condition = { filter: {}, noEventAfter: 0n };
    assert.deepEqual(await under(store, condition), { status: "condition-failed", condition, position });
    appended(await under(store, { filter: {}, noEventAfter: await store.head() }));
  });

  test("demands all conditions, and names the first that does not hold", async (store) => {
    await store.append("account-1", contractEvents(2));
    const holds = { streamId: "account-1", expectedRevision: 1n };
    const fails = { streamId: "account-1", expectedRevision: "no-stream" } as const;
    const excludes = { filter: { categories: ["account"] }, noEventAfter: 0n };
    assert.equal((await under(store, holds, fails, excludes)).status, "conflict");
    assert.equal((await under(store, holds, excludes, fails)).status, "condition-failed");
    const options = { conditions: [excludes], expectedRevision: 3n };
    const outcome = await store.append("account-1", contractEvents(1), options);
    assert.deepEqual(outcome, { status: "conflict", streamId: "account-1", expected: 3n, actual: 1n });
    assert.equal((await collectLog(store.readAll())).length, 2);
    appended(await under(store, holds, holds));
  });

  test("compares a stream that is also written with what was there before", async (store) => {
    await store.append("account-1", contractEvents(1));
    const conditions = [
      { streamId: "account-1", expectedRevision: 0n },
      { filter: {}, noEventAfter: await store.head() },
    ];
    appended(await store.append("account-1", contractEvents(3), { conditions }));
    assert.equal((await store.append("account-1", contractEvents(3), { conditions })).status, "conflict");
  });

  test("checks the conditions of an append without events", async (store) => {
    await store.append("account-1", contractEvents(1));
    const excludes = { filter: {}, noEventAfter: 0n };
    const refused = await store.append("account-2", [], { conditions: [excludes] });
    assert.equal(refused.status, "condition-failed");
    const exists = { streamId: "account-2", expectedRevision: "stream-exists" } as const;
    assert.equal((await store.append("account-1", [], { conditions: [exists] })).status, "conflict");
    const holds = { streamId: "account-1", expectedRevision: 0n };
    const outcome = await store.append("account-2", [], { conditions: [holds] });
    assert.deepEqual(outcome, { status: "appended", revisions: [null], position: null });
  });

  test("looks at the append's tenant only", async (store) => {
    const { position } = appended(await store.append("account-1", contractEvents(1), { tenant: "other" }));
    appended(await under(store, { filter: { categories: ["account"] }, noEventAfter: 0n }));
    appended(await under(store, { streamId: "account-1", expectedRevision: "no-stream" }));
    const condition = { filter: {}, noEventAfter: 0n };
    const append = (tenant: string) =>
      store.append("account-2", contractEvents(1), { tenant, conditions: [condition] });
    assert.deepEqual(await append("other"), { status: "condition-failed", condition, position });
    appended(await append("third"));
  });

  test("counts an event of a stream that hides it", async (store) => {
    await store.append("account-1", contractEvents(2));
    await store.setStreamMetadata("account-1", { truncateBefore: 2n });
    const condition = { filter: { categories: ["account"] }, noEventAfter: 0n };
    assert.equal((await under(store, condition)).status, "condition-failed");
    await store.deleteStream("account-1");
    assert.equal((await under(store, condition)).status, "condition-failed");
  });

  test("lets one of several decisions on the same past win", async (store) => {
    await store.append("account-1", contractEvents(1));
    const noEventAfter = await store.head();
    const events = contractEvents(12);
    const outcomes = await Promise.all(
      events.map((event, n) =>
        store.append(`entry-${n}`, [event], {
          conditions: [{ filter: { categories: ["entry"] }, noEventAfter }],
        }),
      ),
    );
    assert.equal(outcomes.filter(({ status }) => status === "appended").length, 1);
    assert.equal(outcomes.filter(({ status }) => status === "condition-failed").length, 11);
    const [winner] = await collectLog(store.readAll({ after: noEventAfter }));
    const won = outcomes.findIndex(({ status }) => status === "appended");
    assert.equal(winner?.eventId, events[won]?.eventId);
  });

  test("goes with several streams: none is written when a condition fails", async (store) => {
    if (!store.capabilities.multiStreamAppend) return;
    await store.append("account-1", contractEvents(1));
    const appends = ["entry-1", "entry-2"].map((streamId) => ({ streamId, events: [contractEvent()] }));
    const fails = { conditions: [{ streamId: "account-1", expectedRevision: "no-stream" }] } as const;
    assert.equal((await store.appendMany(appends, fails)).status, "conflict");
    const holds = { conditions: [{ streamId: "account-1", expectedRevision: 0n }] };
    appended(await store.appendMany(appends, holds));
    const written = idsOf(await collectLog(store.readAll({ filter: { categories: ["entry"] } })));
    assert.deepEqual(written, idsOf(appends.flatMap(({ events }) => events)));
  });

  test("refuses conditions that cannot be checked", async (store) => {
    const odd = [
      [{ streamId: "account", expectedRevision: "any" }, "stream-name-invalid"],
      [{ streamId: "account-\ud800", expectedRevision: "any" }, "stream-name-invalid"],
      [{ streamId: "account-1", expectedRevision: -1n }, "validation-failed"],
      [{ filter: {}, noEventAfter: -1n }, "validation-failed"],
      [{ filter: {}, noEventAfter: 1n << 63n }, "validation-failed"],
    ] as const;
    for (const [condition, code] of odd)
      await assert.rejects(async () => under(store, condition), hasCode(code), JSON.stringify(code));
    assert.deepEqual(await collectLog(store.readAll()), []);
  });
}
