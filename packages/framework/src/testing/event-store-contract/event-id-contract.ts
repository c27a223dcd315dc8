import assert from "node:assert/strict";
import type { AppendOutcome, EventStore } from "../../event-store/event-store.ts";
import {
  appended,
  collectLog,
  collectStream,
  contractEvent,
  contractEvents,
  idsOf,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";

/** A whole append once more: every store writes nothing, a lesser one may give the first answer again. */
function isNoticed(store: EventStore, first: AppendOutcome, again: AppendOutcome): void {
  if (again.status === "appended" && !store.capabilities.transactionalIdempotency) {
    assert.deepEqual(again, first);
  } else {
    assert.ok(again.status === "duplicate-event" || again.status === "conflict", again.status);
  }
}

export function eventIdContract({ test, having }: ContractSuite): void {
  test("refuses an event id that occurs twice in one append", async (store) => {
    const repeated = contractEvent();
    const twice = await store.append("account-1", [repeated, contractEvent(), repeated]);
    assert.deepEqual(twice, { status: "duplicate-event", eventId: repeated.eventId });
    assert.deepEqual(await collectLog(store.readAll()), []);
  });

  test("writes an append once that comes twice", async (store) => {
    for (const expectedRevision of ["any", "stream-exists", 1n] as const) {
      const events = contractEvents(3);
      const streamId = `account-${expectedRevision}`;
      await store.append(streamId, contractEvents(2));
      const first = appended(await store.append(streamId, events, { expectedRevision }));
      const again = await store.append(streamId, events, { expectedRevision });
      isNoticed(store, first, again);
      if (typeof expectedRevision === "string" && again.status !== "appended")
        assert.deepEqual(again, { status: "duplicate-event", eventId: events[0]?.eventId });
      assert.deepEqual(idsOf(await collectStream(store, streamId)).slice(2), idsOf(events));
    }
    const events = contractEvents(2);
    const first = appended(await store.append("account-new", events, { expectedRevision: "no-stream" }));
    isNoticed(store, first, await store.append("account-new", events, { expectedRevision: "no-stream" }));
    assert.equal((await collectStream(store, "account-new")).length, 2);
  });

  test("writes once what is appended many times at once", async (store) => {
    const events = contractEvents(3);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.append("account-1", events)));
    const first = outcomes.find(({ status }) => status === "appended");
    assert.ok(first !== undefined);
    for (const outcome of outcomes) if (outcome !== first) isNoticed(store, first, outcome);
    assert.deepEqual(idsOf(await collectLog(store.readAll())), idsOf(events));
  });

  test("takes the same event id in another stream and tenant", async (store) => {
    const event = contractEvent();
    appended(await store.append("account-1", [event]));
    appended(await store.append("account-2", [event]));
    appended(await store.append("account-1", [event], { tenant: "other" }));
    assert.equal((await collectLog(store.readAll())).length, 2);
  });

  test("reads an event id written in capitals as the same id", async (store) => {
    const event = contractEvent();
    const capitals = { ...event, eventId: event.eventId.toUpperCase() };
    const first = await store.append("account-1", [capitals]);
    assert.deepEqual(idsOf(await collectStream(store, "account-1")), [event.eventId]);
    isNoticed(store, first, await store.append("account-1", [event]));
    const twice = await store.append("account-2", [event, capitals]);
    assert.deepEqual(twice, { status: "duplicate-event", eventId: event.eventId });
    assert.equal((await collectLog(store.readAll())).length, 1);
  });

  having("transactionalIdempotency")(
    "refuses an event id that its stream has at any place",
    async (store) => {
      const events = contractEvents(3);
      await store.append("account-1", events);
      for (const [index, known] of events.entries()) {
        const refused = { status: "duplicate-event", eventId: known.eventId };
        const batch = index === 0 ? [known] : [contractEvent(), known, contractEvent()];
        for (const expectedRevision of ["any", "stream-exists", 2n] as const)
          assert.deepEqual(await store.append("account-1", batch, { expectedRevision }), refused);
      }
      assert.equal((await collectLog(store.readAll())).length, 3);
    },
  );
}
