import assert from "node:assert/strict";
import type { StoredEvent } from "../../event/stored-event.ts";
import type { EventStore, ReadAllOptions } from "../../event-store/event-store.ts";
import {
  appended,
  appendMixed,
  collectLog,
  collectPages,
  collectStream,
  contractEvent,
  contractEvents,
  idsOf,
  positionAt,
} from "./contract-events.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { hasCode } from "./has-code.ts";
import { pagesAreWhole } from "./pages-are-whole.ts";

type Direction = NonNullable<ReadAllOptions["direction"]>;

function inDirection(direction: Direction, events: readonly StoredEvent[]): readonly StoredEvent[] {
  return direction === "forwards" ? events : events.toReversed();
}

/** The tests that hold for both directions. `all` is in the order of reading. */
async function mixedLog(store: EventStore, direction: Direction, count: number): Promise<StoredEvent[]> {
  await store.append("account-hidden", contractEvents(3), { tenant: "other" });
  await appendMixed(store, count);
  await store.append("entry-hidden", contractEvents(3), { tenant: "other" });
  const all = await collectLog(store.readAll({ direction }));
  assert.equal(all.length, count);
  return all;
}

export function readLogContract({ test }: ContractSuite): void {
  test("gives the log in order of position, whatever the direction", async (store) => {
    const written: string[] = [];
    for (let n = 0; n < 12; n += 1) {
      const events = contractEvents(1 + (n % 3));
      await store.append(`account-${n % 5}`, events);
      written.push(...idsOf(events));
    }
    const forwards = await collectLog(store.readAll());
    const positions = forwards.map(({ position }) => position);
    assert.deepEqual(idsOf(forwards), written);
    assert.deepEqual(
      positions,
      [...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    assert.ok(positions.every((position) => position > 0n));
    assert.deepEqual(await collectLog(store.readAll({ direction: "backwards" })), forwards.toReversed());
  });

  for (const direction of ["forwards", "backwards"] as const) {
    test(`reads the log ${direction} after a position, to a last one, a number of events`, async (store) => {
      const all = await mixedLog(store, direction, 12);
      const [after, upTo] = [positionAt(all, 3), positionAt(all, 8)];
      await pagesAreWhole(store, { direction, after }, all.slice(4));
      await pagesAreWhole(store, { direction, upTo, pageSize: 2 }, all.slice(0, 9));
      await pagesAreWhole(store, { direction, after, upTo }, all.slice(4, 9));
      await pagesAreWhole(store, { direction, after, limit: 2 }, all.slice(4, 6));
      await pagesAreWhole(store, { direction, limit: 7, pageSize: 3 }, all.slice(0, 7));
      await pagesAreWhole(store, { direction, pageBytes: 1 }, all);
      await pagesAreWhole(store, { direction, pageBytes: 100 }, all);
      for (const options of [{ limit: 0 }, { after: upTo, upTo: after }, { after, upTo: after }])
        assert.deepEqual(await collectLog(store.readAll({ direction, ...options })), []);
      const [first, last] = [positionAt(all, 0), positionAt(all, -1)];
      assert.deepEqual(await collectLog(store.readAll({ direction, after: last })), []);
      assert.deepEqual(await collectLog(store.readAll({ direction, upTo: first })), all.slice(0, 1));
    });

    test(`reports how far each page has scanned ${direction}`, async (store) => {
      const all = await mixedLog(store, direction, 10);
      const head = await store.head();
      const end = direction === "forwards" ? head : positionAt(all, -1);
      const reached = (pages: readonly { readonly scannedTo: bigint }[]) => {
        const scannedTo = pages.at(-1)?.scannedTo ?? -1n;
        assert.ok(direction === "forwards" ? scannedTo >= end : scannedTo <= end, `${scannedTo} for ${end}`);
      };
      reached(await pagesAreWhole(store, { direction, pageSize: 4 }, all));
      reached(await pagesAreWhole(store, { direction, filter: { types: ["ledger.Unknown"] } }, []));
      reached(await pagesAreWhole(store, { direction, filter: { categories: [] } }, []));
      const upTo = positionAt(all, 5);
      const pages = await pagesAreWhole(store, { direction, upTo, filter: { types: ["ledger.None"] } }, []);
      assert.equal(pages.at(-1)?.scannedTo, upTo);
    });

    test(`filters the log by type and by category ${direction}`, async (store) => {
      const all = await mixedLog(store, direction, 16);
      const ofType = all.filter(({ type }) => type === "ledger.B");
      const ofCategory = all.filter(({ streamId }) => streamId.startsWith("entry-"));
      const both = ofType.filter((event) => ofCategory.includes(event));
      const read = (filter: ReadAllOptions["filter"] & object, expected: readonly StoredEvent[]) =>
        pagesAreWhole(store, { direction, filter, pageSize: 3 }, expected);
      await read({}, all);
      await read({ types: ["ledger.B"] }, ofType);
      await read({ types: ["ledger.A", "ledger.Unknown", "ledger.B"] }, all);
      await read({ categories: ["entry"] }, ofCategory);
      await read({ categories: ["entry", "account"] }, all);
      await read({ types: ["ledger.B"], categories: ["entry"] }, both);
      for (const filter of [
        { types: [] },
        { categories: ["none"] },
        { types: ["ledger"] },
        { types: ["Ledger.A"] },
      ])
        await read(filter, []);
      await read({ categories: ["entr", "entry-", "Entry"] }, []);
      const limited = { direction, filter: { types: ["ledger.B"] }, limit: 3 };
      await pagesAreWhole(store, limited, ofType.slice(0, 3));
      const behind = { ...limited, after: positionAt(ofType, 2) };
      await pagesAreWhole(store, behind, ofType.slice(3, 6));
    });

    test(`ends a ${direction} read at the head as it was when it began`, async (store) => {
      const all = await mixedLog(store, direction, 9);
      const read: StoredEvent[] = [];
      for await (const { events } of store.readAll({ direction, pageSize: 2 })) {
        read.push(...events);
        assert.ok(read.length <= all.length, "the read goes on with what is appended meanwhile");
        await store.append("account-late", contractEvents(1));
      }
      assert.deepEqual(read, all);
    });

    test(`ends a ${direction} read with the reason of its signal`, async (store) => {
      await store.append("account-1", contractEvents(10));
      const controller = new AbortController();
      const { signal } = controller;
      const reading = (async () => {
        for await (const _page of store.readAll({ direction, pageSize: 2, signal }))
          controller.abort(new Error("enough"));
      })();
      await assert.rejects(reading, /enough/);
      await assert.rejects(collectLog(store.readAll({ direction, signal })), /enough/);
    });

    test(`ends ${direction} pages after some megabytes, not only after some events`, async (store) => {
      const large = { data: Buffer.alloc(200_000, 1) };
      for (let part = 0; part < 9; part += 1) await store.append(`account-${part}`, contractEvents(4, large));
      const pages = await collectPages(store.readAll({ direction }));
      const forwards = inDirection(direction, await collectLog(store.readAll({ pageSize: 5 })));
      assert.deepEqual(
        pages.flatMap(({ events }) => events),
        forwards,
      );
      assert.equal(forwards.length, 36);
    });
  }

  test("reads nothing before the first event, and everything from far behind the last", async (store) => {
    await store.append("account-1", contractEvents(3));
    const all = await collectLog(store.readAll());
    const far = 1n << 62n;
    const backwards = { direction: "backwards" } as const;
    assert.deepEqual(await collectLog(store.readAll({ ...backwards, after: 0n })), []);
    assert.deepEqual(await collectLog(store.readAll({ ...backwards, upTo: far })), []);
    assert.deepEqual(await collectLog(store.readAll({ ...backwards, after: far })), all.toReversed());
    assert.deepEqual(await collectLog(store.readAll({ after: far })), []);
    const pages = await collectPages(store.readAll({ upTo: far }));
    assert.deepEqual(
      pages.flatMap(({ events }) => events),
      all,
    );
    assert.ok((pages.at(-1)?.scannedTo ?? far) <= (await store.head()));
  });

  test("refuses to read what no store can keep or count", async (store) => {
    const tenant = "a\u0000b";
    await assert.rejects(collectLog(store.readAll({ tenant })), hasCode("stream-name-invalid"));
    const odd: readonly ReadAllOptions[] = [
      { after: -1n },
      { after: 1n << 63n },
      { upTo: -1n },
      { limit: -1 },
      { limit: 0.5 },
      { pageSize: 0 },
      { pageBytes: 0 },
      { pageSize: 2.5 },
    ];
    for (const options of odd)
      await assert.rejects(collectLog(store.readAll(options)), hasCode("validation-failed"));
    for (const options of [{ after: -1n }, { pageSize: 0 }])
      await assert.rejects(collectLog(store.subscribe(options)), hasCode("validation-failed"));
  });

  test("knows its head and the event at a position", async (store) => {
    const empty = await store.head();
    assert.deepEqual(await collectLog(store.readAll({ after: empty })), []);
    const event = contractEvent();
    const { position } = appended(await store.append("account-1", [event]));
    assert.ok(position !== null && position > empty);
    const head = await store.head();
    assert.ok(head >= position);
    assert.deepEqual(await collectLog(store.readAll({ after: head })), []);
    assert.equal(await store.eventIdAt(position), event.eventId);
    assert.equal(await store.eventIdAt(1n << 62n), null);
    assert.equal(await store.eventIdAt(0n), null);
    const { position: theirs } = appended(
      await store.append("account-1", [contractEvent()], { tenant: "other" }),
    );
    assert.ok(theirs !== null && theirs > position && (await store.head()) >= theirs);
  });

  test("gives the events at positions, of all tenants, each once", async (store) => {
    await appendMixed(store, 6);
    await store.append("account-1", contractEvents(2), { tenant: "other" });
    const mine = await collectLog(store.readAll());
    const theirs = await collectLog(store.readAll({ tenant: "other" }));
    const wanted = [positionAt(theirs, 1), positionAt(mine, 4), positionAt(mine, 0), positionAt(mine, 4)];
    const found = await store.eventsAt([...wanted, 1n << 62n]);
    assert.deepEqual(found, [mine[0], mine[4], theirs[1]]);
    assert.deepEqual(await store.eventsAt([]), []);
    const everything = [...mine, ...theirs];
    assert.deepEqual(await store.eventsAt(everything.map(({ position }) => position)), everything);
    const tooMany = Array.from({ length: 1_001 }, (_, n) => BigInt(n + 1));
    await assert.rejects(async () => store.eventsAt(tooMany), hasCode("validation-failed"));
    const signal = AbortSignal.abort(new Error("too late"));
    await assert.rejects(async () => store.eventsAt(wanted, { signal }), /too late/);
    assert.equal((await collectStream(store, "account-1", { tenant: "other" })).length, 2);
  });
}
