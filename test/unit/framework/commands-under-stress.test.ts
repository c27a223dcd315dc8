import { DomainError, TidemarkError, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { countEvents, startWallets, Wallet, withAppend } from "./wallet.ts";

function member(store: EventStore, changes: Partial<EventStore>): EventStore {
  return new Proxy(store, {
    get(target, key) {
      const changed: unknown = Reflect.get(changes, key);
      if (changed !== undefined) return changed;
      const own: unknown = Reflect.get(target, key);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

test("keyed duplicate with If-Match on another node, first lands between lookup and load: answer not 412", async () => {
  const store = inMemoryEventStore();
  const first = await startWallets(store);
  const options = { idempotencyKey: "k", expectedRevision: -1n };
  const late = member(store, {
    async findIdempotencyRecord(identity) {
      const found = await store.findIdempotencyRecord(identity);
      if (found === null) await first.execute(Wallet, "1", "add", { amount: "5" }, options);
      return found;
    },
  });
  const second = await startWallets(late);
  expect(await second.execute(Wallet, "1", "add", { amount: "5" }, options)).toMatchObject({
    revision: 0n,
    replayed: true,
  });
});

test("outcome unknown, then store unreachable for a while", async () => {
  const store = inMemoryEventStore();
  const plan = ["after", "down", "down", "down", "down", "down", "down"];
  const node = await startWallets(
    withAppend(store, async (...call) => {
      const step = plan.shift();
      if (step === "down") throw new TidemarkError("store-unavailable", "refused");
      const outcome = await store.append(...call);
      if (step === "after") throw new TidemarkError("outcome-unknown", "lost");
      return outcome;
    }),
  );
  const result = await node.execute(Wallet, "1", "add", { amount: "5" });
  expect(result.revision).toBe(0n);
  expect(await countEvents(store, "wallet-1")).toBe(1);
});

test("store restored under a running app", async () => {
  const [before, restored] = [inMemoryEventStore(), inMemoryEventStore()];
  let current = before;
  const switching = new Proxy(before, {
    get(_, key) {
      const own: unknown = Reflect.get(current, key);
      return typeof own === "function" ? own.bind(current) : own;
    },
  });
  const node = await startWallets(switching);
  await node.execute(Wallet, "1", "add", { amount: "100", times: 3 });
  const other = await startWallets(restored);
  await other.execute(Wallet, "1", "add", { amount: "1", times: 1 });
  current = restored;
  await expect(node.execute(Wallet, "1", "spend", { amount: "50" })).rejects.toBeInstanceOf(DomainError);
  await other.execute(Wallet, "1", "add", { amount: "1", times: 5 });
  await expect(node.execute(Wallet, "1", "spend", { amount: "50" })).rejects.toBeInstanceOf(DomainError);
});

test("close twice and start after close", async () => {
  const store = inMemoryEventStore();
  const node = await startWallets(store);
  await node.close();
  await expect(node.start()).rejects.toMatchObject({ code: "application-closed" });
});

test("close lets running commands end", async () => {
  const store = inMemoryEventStore();
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const node = await startWallets(
    withAppend(store, async (...call) => {
      await gate;
      return store.append(...call);
    }),
  );
  const running = node.execute(Wallet, "1", "add", { amount: "5" });
  const closing = node.close();
  release();
  await expect(running).resolves.toMatchObject({ revision: 0n });
  await closing;
});
