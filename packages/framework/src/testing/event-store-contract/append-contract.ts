import assert from "node:assert/strict";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
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

export function appendContract({ test }: ContractSuite): void {
  test("gives revisions from 0 and increasing positions", async (store) => {
    const first = appended(await store.append("account-1", contractEvents(2)));
    const second = appended(await store.append("account-1", contractEvents(1)));
    assert.deepEqual(first.revisions, [1n]);
    assert.deepEqual(second.revisions, [2n]);
    assert.ok(first.position !== null && second.position !== null);
    assert.ok(first.position > 0n && second.position > first.position);
  });

  test("gives back exactly what was appended", async (store) => {
    const event = contractEvent({
      eventVersion: 3,
      data: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      meta: Buffer.from([]),
      correlationId: "5b3a1a52-8d5b-4c4d-9a07-0d6a6f1b2c3d",
      causationId: "f2d1c0b9-a887-4665-b443-322110ffeedd",
    });
    const outcome = appended(await store.append("account-ünï-\u{1f600}", [event]));
    const [stored] = await collectStream(store, "account-ünï-\u{1f600}");
    assert.ok(stored);
    const { recordedAt, data, meta, ...rest } = stored;
    assert.ok(Math.abs(recordedAt.getTime() - Date.now()) < 60_000);
    assert.deepEqual(Buffer.from(data), event.data);
    assert.equal(meta.length, 0);
    assert.deepEqual(rest, {
      position: outcome.position,
      eventId: event.eventId,
      streamId: "account-ünï-\u{1f600}",
      revision: 0n,
      type: "contract.Happened",
      eventVersion: 3,
      schemaSha256: event.schema.sha256,
      encoding: "avro",
      correlationId: event.correlationId,
      causationId: event.causationId,
    });
  });

  test("meets or refuses each expected revision", async (store) => {
    const cases: readonly [ExpectedRevision, "missing" | "two events", boolean][] = [
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
    ];
    for (const [index, [expectedRevision, state, succeeds]] of cases.entries()) {
      const streamId = `account-${index}`;
      if (state === "two events") await store.append(streamId, contractEvents(2));
      const actual = state === "two events" ? 1n : null;
      const outcome = await store.append(streamId, contractEvents(1), { expectedRevision });
      const conflict = { status: "conflict", streamId, expected: expectedRevision, actual };
      if (succeeds) assert.equal(outcome.status, "appended", `${expectedRevision} on ${state}`);
      else assert.deepEqual(outcome, conflict);
      const stored = await collectStream(store, streamId);
      assert.equal(stored.length, (actual === null ? 0 : 2) + (succeeds ? 1 : 0));
    }
  });

  test("lets one of several creators win", async (store) => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        store.append("account-1", contractEvents(2), { expectedRevision: "no-stream" }),
      ),
    );
    assert.equal(outcomes.filter(({ status }) => status === "appended").length, 1);
    assert.equal(outcomes.filter(({ status }) => status === "conflict").length, 7);
    assert.equal((await collectStream(store, "account-1")).length, 2);
  });

  test("lets one of several writers at the same revision win", async (store) => {
    await store.append("account-1", contractEvents(1));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => store.append("account-1", contractEvents(1), { expectedRevision: 0n })),
    );
    assert.equal(outcomes.filter(({ status }) => status === "appended").length, 1);
    const actuals = outcomes.map((outcome) => (outcome.status === "conflict" ? outcome.actual : 1n));
    assert.deepEqual(actuals, Array<bigint>(8).fill(1n));
  });

  test("checks an append without events and writes nothing", async (store) => {
    const nothing = { status: "appended", revisions: [null], position: null };
    assert.deepEqual(await store.append("account-1", [], { expectedRevision: "no-stream" }), nothing);
    assert.equal((await store.append("account-1", [], { expectedRevision: 0n })).status, "conflict");
    await store.append("account-1", contractEvents(3));
    const unchanged = { status: "appended", revisions: [2n], position: null };
    assert.deepEqual(await store.append("account-1", [], { expectedRevision: 2n }), unchanged);
    assert.equal((await collectLog(store.readAll())).length, 3);
  });

  test("keeps tenants apart", async (store) => {
    const mine = contractEvent();
    const theirs = contractEvent();
    await store.append("account-1", [mine]);
    const options = { tenant: "other", expectedRevision: "no-stream" } as const;
    appended(await store.append("account-1", [theirs], options));
    assert.deepEqual(idsOf(await collectStream(store, "account-1")), [mine.eventId]);
    assert.deepEqual(idsOf(await collectStream(store, "account-1", { tenant: "other" })), [theirs.eventId]);
    assert.deepEqual(idsOf(await collectLog(store.readAll())), [mine.eventId]);
    assert.deepEqual(idsOf(await collectLog(store.readAll({ tenant: "other" }))), [theirs.eventId]);
  });

  test("never lets recorded time run against positions", async (store) => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.append(`account-${n}`, contractEvents(3))));
    const times = (await collectLog(store.readAll())).map(({ recordedAt }) => recordedAt.getTime());
    assert.equal(times.length, 60);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  test("keeps the schemas of its events", async (store) => {
    const [one, two] = [contractEvent({ type: "contract.One" }), contractEvent({ type: "contract.Two" })];
    await store.append("account-1", [one, two]);
    await store.append("account-2", [contractEvent({ type: "contract.One" })]);
    assert.deepEqual(await store.schema(one.schema.sha256), one.schema);
    assert.deepEqual(await store.schemas(), [one.schema, two.schema]);
    assert.equal(await store.schema(contractSchema("contract.Unknown").sha256), null);
  });
}
