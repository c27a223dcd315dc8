import { DomainError, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { startWallets, Wallet } from "./wallet.ts";

type Wallets = Awaited<ReturnType<typeof startWallets>>;

/** A store that is exchanged while an application runs, as a restored backup exchanges it. */
function exchangeable(first: EventStore): { store: EventStore; exchange: (next: EventStore) => void } {
  let current = first;
  const store = new Proxy(first, {
    get(_, key) {
      const member: unknown = Reflect.get(current, key);
      return typeof member === "function" ? member.bind(current) : member;
    },
  });
  return {
    store,
    exchange: (next) => {
      current = next;
    },
  };
}

describe("a store that was restored to an earlier time under a running application", () => {
  let node: Wallets;
  let restored: EventStore;
  let other: Wallets;

  beforeEach(async () => {
    const { store, exchange } = exchangeable(inMemoryEventStore());
    node = await startWallets(store);
    await node.execute(Wallet, "1", "add", { amount: "100", times: 3 });
    // The cache keeps what a command has loaded: those three.
    await node.execute(Wallet, "1", "add", { amount: "100" });
    restored = inMemoryEventStore();
    other = await startWallets(restored);
    exchange(restored);
  });

  test("decides on what is there, when the stream is shorter", async () => {
    await other.execute(Wallet, "1", "add", { amount: "1" });
    await expect(node.execute(Wallet, "1", "spend", { amount: "50" })).rejects.toBeInstanceOf(DomainError);
    expect(await node.execute(Wallet, "1", "spend", { amount: "1" })).toMatchObject({ revision: 1n });
  });

  test("decides on what is there, when the stream is gone", async () => {
    await expect(node.execute(Wallet, "1", "spend", { amount: "50" })).rejects.toBeInstanceOf(DomainError);
    expect(await node.execute(Wallet, "1", "open", { owner: "Ada" })).toMatchObject({ revision: 0n });
  });

  test("decides on what is there, when others have written behind it", async () => {
    await other.execute(Wallet, "1", "add", { amount: "1", times: 9 });
    await expect(node.execute(Wallet, "1", "spend", { amount: "50" })).rejects.toMatchObject({
      message: "There are 9, not 50",
    });
  });
});
