import type { EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { countEvents, startWallets, Wallet } from "./wallet.ts";

/** The store of a process that another one overtakes right after it has looked for the key's record. */
function overtaken(store: EventStore, overtake: () => Promise<unknown>): EventStore {
  let done = false;
  return new Proxy(store, {
    get(target, key) {
      if (key === "findIdempotencyRecord") {
        return async (identity: Parameters<EventStore["findIdempotencyRecord"]>[0]) => {
          const found = await store.findIdempotencyRecord(identity);
          if (!done) {
            done = true;
            await overtake();
          }
          return found;
        };
      }
      const member: unknown = Reflect.get(target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test("a duplicate that another process overtook gets its answer, not 412 for the revision it made stale", async () => {
  const store = inMemoryEventStore();
  const first = await startWallets(store);
  const options = { idempotencyKey: "k", expectedRevision: -1n };
  const second = await startWallets(
    overtaken(store, () => first.execute(Wallet, "1", "add", { amount: "5" }, options)),
  );
  expect(await second.execute(Wallet, "1", "add", { amount: "5" }, options)).toMatchObject({
    revision: 0n,
    replayed: true,
  });
  expect(await countEvents(store, "wallet-1")).toBe(1);
});

test("another request that overtook it under the key is told apart", async () => {
  const store = inMemoryEventStore();
  const first = await startWallets(store);
  const options = { idempotencyKey: "k", expectedRevision: -1n };
  const second = await startWallets(
    overtaken(store, () => first.execute(Wallet, "1", "add", { amount: "6" }, options)),
  );
  await expect(second.execute(Wallet, "1", "add", { amount: "5" }, options)).rejects.toMatchObject({
    code: "idempotency-key-reused",
  });
});

test("a writer without the key makes the revision stale as ever, and the key stays free", async () => {
  const store = inMemoryEventStore();
  const first = await startWallets(store);
  const second = await startWallets(
    overtaken(store, () => first.execute(Wallet, "1", "add", { amount: "6" })),
  );
  const stale = { idempotencyKey: "k", expectedRevision: -1n };
  await expect(second.execute(Wallet, "1", "add", { amount: "5" }, stale)).rejects.toMatchObject({
    code: "stale-revision",
  });
  const right = { idempotencyKey: "k", expectedRevision: 0n };
  expect(await second.execute(Wallet, "1", "add", { amount: "5" }, right)).toMatchObject({ revision: 1n });
});
