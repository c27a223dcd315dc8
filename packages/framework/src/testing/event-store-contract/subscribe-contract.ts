import assert from "node:assert/strict";
import type { StoredEvent } from "../../event/stored-event.ts";
import type { EventStore, ReadAllOptions } from "../../event-store/event-store.ts";
import { eventually } from "../eventually.ts";
import { collectLog, collectStream, contractEvent, contractEvents, idsOf } from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";

interface Subscriber {
  readonly events: StoredEvent[];
  scannedTo: bigint;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function follow(store: EventStore, options: Omit<ReadAllOptions, "limit" | "upTo" | "signal">): Subscriber {
  const controller = new AbortController();
  const run = async (): Promise<void> => {
    for await (const { events, scannedTo } of store.subscribe({ ...options, signal: controller.signal })) {
      assert.ok(scannedTo > subscriber.scannedTo, `${scannedTo} follows ${subscriber.scannedTo}`);
      for (const { position } of events) {
        assert.ok(position > subscriber.scannedTo && position <= scannedTo, `${position} is in another page`);
      }
      subscriber.events.push(...events);
      subscriber.scannedTo = scannedTo;
    }
  };
  const subscriber: Subscriber = {
    events: [],
    scannedTo: options.after ?? 0n,
    ended: Promise.resolve().then(run),
    stop: () => {
      controller.abort();
      return subscriber.ended;
    },
  };
  return subscriber;
}

export function subscribeContract({ test, having }: ContractSuite): void {
  test("gives the past, then what is appended", async (store) => {
    await store.append("account-1", contractEvents(5));
    const subscriber = follow(store, { pageSize: 2 });
    await eventually(() => assert.equal(subscriber.events.length, 5));
    await store.append("account-2", contractEvents(1));
    await store.append("account-1", contractEvents(2));
    await eventually(() => assert.equal(subscriber.events.length, 8));
    await subscriber.stop();
    assert.deepEqual(subscriber.events, await collectLog(store.readAll()));
  });

  test("ends its pages at the bytes that one wants, and gives everything", async (store) => {
    await store.append("account-1", contractEvents(5));
    const subscriber = follow(store, { pageBytes: 1 });
    await eventually(() => assert.equal(subscriber.events.length, 5));
    await store.append("account-1", contractEvents(2));
    await eventually(() => assert.equal(subscriber.events.length, 7));
    await subscriber.stop();
    assert.deepEqual(subscriber.events, await collectLog(store.readAll()));
    for await (const { events } of store.subscribe({ pageBytes: 1 })) {
      if (events.length === 0) continue;
      assert.equal(events.length, 1);
      break;
    }
  });

  test("starts after a position", async (store) => {
    await store.append("account-1", contractEvents(3));
    const after = await store.head();
    const subscriber = follow(store, { after });
    const late = contractEvent();
    await store.append("account-1", [late]);
    await eventually(() => assert.deepEqual(idsOf(subscriber.events), [late.eventId]));
    await subscriber.stop();
  });

  test("waits on an empty log", async (store) => {
    const subscriber = follow(store, {});
    const event = contractEvent();
    await store.append("account-1", [event]);
    await eventually(() => assert.deepEqual(idsOf(subscriber.events), [event.eventId]));
    await subscriber.stop();
  });

  test("reports the position scanned to when nothing matches, also for a type that is new", async (store) => {
    const subscriber = follow(store, { filter: { types: ["contract.Rare"] } });
    await store.append("account-1", contractEvents(3));
    const head = await store.head();
    await eventually(() => assert.ok(subscriber.scannedTo >= head));
    assert.equal(subscriber.events.length, 0);
    const rare = contractEvent({ type: "contract.Rare" });
    await store.append("account-1", [rare]);
    await eventually(() => assert.deepEqual(idsOf(subscriber.events), [rare.eventId]));
    await subscriber.stop();
  });

  test("returns when its signal aborts, waiting or reading", async (store) => {
    await follow(store, {}).stop();
    await store.append("account-1", contractEvents(20));
    const controller = new AbortController();
    for await (const _page of store.subscribe({ pageSize: 1, signal: controller.signal })) controller.abort();
    const waiting = follow(store, {});
    await eventually(() => assert.equal(waiting.events.length, 20));
    await waiting.stop();
    for await (const _page of store.subscribe({ signal: AbortSignal.abort() })) assert.fail("a page");
  });

  test("leaves off when its consumer does", async (store) => {
    await store.append("account-1", contractEvents(20));
    for await (const page of store.subscribe({ pageSize: 2 })) {
      assert.equal(page.events.length, 2);
      break;
    }
  });

  test("tells its subscribers when the store closes", async (store) => {
    const subscriber = follow(store, {});
    const rejected = assert.rejects(subscriber.ended, hasCode("application-closed"));
    await store.append("account-1", contractEvents(1));
    await eventually(() => assert.equal(subscriber.events.length, 1));
    await store.close();
    await rejected;
  });

  test("refuses everything once it is closed, also a read that has begun", async (store) => {
    await store.append("account-1", contractEvents(10));
    const reading = store.readAll({ pageSize: 2 })[Symbol.asyncIterator]();
    await reading.next();
    await store.close();
    const operations = [
      () => store.append("account-1", contractEvents(1)),
      () => store.head(),
      () => store.eventIdAt(1n),
      () => collectStream(store, "account-1"),
      () => collectLog(store.readAll()),
      () => collectLog(store.subscribe()),
      () => reading.next(),
    ];
    for (const operation of operations) await assert.rejects(operation(), hasCode("application-closed"));
    await store.close();
  });

  having("commitOrderPositions")("never shows an event behind one that was shown", async (store) => {
    const subscribers = [
      follow(store, { pageSize: 3 }),
      follow(store, { filter: { categories: ["account"] } }),
    ];
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let n = 0; n < 10; n += 1) {
        const events = contractEvents(1 + ((writer + n) % 3));
        await store.append(`account-${(writer * n) % 7}`, events);
      }
    });
    await Promise.all(writers);
    const all = await collectLog(store.readAll());
    for (const subscriber of subscribers) {
      await eventually(() => assert.equal(subscriber.events.length, all.length));
      await subscriber.stop();
      assert.deepEqual(idsOf(subscriber.events), idsOf(all));
    }
  });
}
