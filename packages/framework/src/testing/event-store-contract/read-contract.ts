import assert from "node:assert/strict";
import type { EventStore } from "../../event-store/event-store.ts";
import { hasCode } from "./append-contract.ts";
import {
  appended,
  collectLog,
  collectPages,
  collectStream,
  contractEvent,
  contractEvents,
  idsOf,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";

/** Two types in two categories, one event an append: `ledger.A` and `ledger.B` in turn. */
async function appendMixed(store: EventStore, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const category = n % 4 < 2 ? "account" : "entry";
    await store.append(`${category}-${n}`, [contractEvent({ type: n % 2 === 0 ? "ledger.A" : "ledger.B" })]);
  }
}

export function readContract({ test }: ContractSuite): void {
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

  test("refuses to read a name that no store can keep", async (store) => {
    for (const name of ["account", "account-\u0000", "account-\ud800"])
      await assert.rejects(collectStream(store, name), hasCode("stream-name-invalid"), name);
    const options = { tenant: "a\u0000b" };
    await assert.rejects(collectStream(store, "account-1", options), hasCode("stream-name-invalid"));
    await assert.rejects(collectLog(store.readAll(options)), hasCode("stream-name-invalid"));
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

  test("reads the log after a position, up to one, and a number of events", async (store) => {
    await appendMixed(store, 12);
    const all = await collectLog(store.readAll());
    const positions = all.map(({ position }) => position);
    assert.equal(all.length, 12);
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    const [after, upTo] = [positions[3], positions[8]];
    assert.ok(after !== undefined && upTo !== undefined);
    assert.deepEqual(await collectLog(store.readAll({ after })), all.slice(4));
    assert.deepEqual(await collectLog(store.readAll({ after, upTo })), all.slice(4, 9));
    assert.deepEqual(await collectLog(store.readAll({ after, limit: 2 })), all.slice(4, 6));
    assert.deepEqual(await collectLog(store.readAll({ after: await store.head() })), []);
  });

  test("reports how far each page has scanned", async (store) => {
    await appendMixed(store, 10);
    const all = await collectLog(store.readAll());
    const head = await store.head();
    const pages = await collectPages(store.readAll({ pageSize: 4 }));
    assert.deepEqual(
      pages.map(({ events }) => events.length),
      [4, 4, 2],
    );
    assert.deepEqual(
      pages.map(({ scannedTo }) => scannedTo),
      [all[3]?.position, all[7]?.position, head],
    );
    const none = await collectPages(store.readAll({ filter: { types: ["ledger.Unknown"] } }));
    assert.deepEqual(none.at(-1), { events: [], scannedTo: head });
    const limited = await collectPages(store.readAll({ limit: 3 }));
    assert.equal(limited.at(-1)?.scannedTo, all[2]?.position);
    const upTo = all[5]?.position ?? 0n;
    assert.equal((await collectPages(store.readAll({ upTo }))).at(-1)?.scannedTo, upTo);
  });

  test("filters the log by type and by category", async (store) => {
    await appendMixed(store, 16);
    const all = await collectLog(store.readAll());
    const read = (filter: { types?: string[]; categories?: string[] }) =>
      collectLog(store.readAll({ filter, pageSize: 3 }));
    const ofType = all.filter(({ type }) => type === "ledger.B");
    const ofCategory = all.filter(({ streamId }) => streamId.startsWith("entry-"));
    assert.deepEqual(await read({ types: ["ledger.B"] }), ofType);
    assert.deepEqual(await read({ types: ["ledger.A", "ledger.B"] }), all);
    assert.deepEqual(await read({ categories: ["entry"] }), ofCategory);
    assert.deepEqual(
      await read({ types: ["ledger.B"], categories: ["entry"] }),
      ofType.filter((event) => ofCategory.includes(event)),
    );
    assert.deepEqual(await read({ types: [] }), []);
    assert.deepEqual(await read({ categories: ["none"] }), []);
  });

  test("knows its head and the event at a position", async (store) => {
    assert.equal(await store.head(), 0n);
    const event = contractEvent();
    const { position } = appended(await store.append("account-1", [event]));
    assert.equal(await store.head(), position);
    assert.equal(await store.eventIdAt(position ?? 0n), event.eventId);
    assert.equal(await store.eventIdAt(999_999n), null);
    assert.equal(await store.eventIdAt(0n), null);
  });

  test("ends a read with the reason of its signal", async (store) => {
    await store.append("account-1", contractEvents(10));
    const controller = new AbortController();
    const { signal } = controller;
    const reading = (async () => {
      for await (const _page of store.readAll({ pageSize: 2, signal })) controller.abort(new Error("enough"));
    })();
    await assert.rejects(reading, /enough/);
    await assert.rejects(collectStream(store, "account-1", { signal }), /enough/);
  });

  test("pages end after some megabytes, not only after some events", async (store) => {
    const large = { data: Buffer.alloc(250_000, 1) };
    for (let part = 0; part < 8; part += 1) await store.append(`account-${part}`, contractEvents(4, large));
    await store.append("account-1", contractEvents(8, large).slice(0, 4));
    const pages = await collectPages(store.readAll());
    assert.equal(pages.flatMap(({ events }) => events).length, 36);
    assert.equal(pages.at(-1)?.scannedTo, await store.head());
    assert.equal((await collectStream(store, "account-1")).length, 8);
  });
}
