import { TidemarkError, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { KeyedQueue } from "../../../packages/framework/src/command/keyed-queue.ts";
import { countEvents, startWallets, Wallet, withAppend } from "./wallet.ts";

let store: EventStore;

beforeEach(() => {
  store = inMemoryEventStore();
});

describe("writers on one stream", () => {
  test("in one process queue up and never conflict", async () => {
    let conflicts = 0;
    const counting = withAppend(store, async (...call) => {
      const outcome = await store.append(...call);
      if (outcome.status === "conflict") conflicts += 1;
      return outcome;
    });
    const node = await startWallets(counting);
    const results = await Promise.all(
      Array.from({ length: 50 }, () => node.execute(Wallet, "1", "add", { amount: "1" })),
    );
    expect(results.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, n) => BigInt(n)));
    expect(conflicts).toBe(0);
  });

  test("in two processes decide again on what the other one wrote", async () => {
    const [first, second] = [await startWallets(store), await startWallets(store)];
    await first.execute(Wallet, "1", "add", { amount: "10" });
    const spends = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? first : second).execute(Wallet, "1", "spend", { amount: "1" }),
    );
    const outcomes = await Promise.allSettled(spends);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "too-little" });
    }
    expect(await countEvents(store, "wallet-1")).toBe(11);
  });

  test("that keep losing give up with a conflict that may be retried", async () => {
    const rival = await startWallets(store);
    const outrun = withAppend(store, async (...call) => {
      await rival.execute(Wallet, "1", "add", { amount: "1" });
      return store.append(...call);
    });
    const node = await startWallets(outrun);
    await expect(node.execute(Wallet, "1", "add", { amount: "5" })).rejects.toMatchObject({
      code: "conflict",
      status: 409,
      retryable: true,
      details: { retryAfterSeconds: 1 },
    });
    const key = { idempotencyKey: "k" };
    await expect(node.execute(Wallet, "1", "add", { amount: "5" }, key)).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await rival.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({ replayed: false });
  });
});

describe("the state cache", () => {
  test.each([undefined, 0, 1])(
    "of %s aggregates never decides on a state that is behind the store",
    async (size) => {
      const options = size === undefined ? {} : { stateCacheSize: size };
      const nodes = [await startWallets(store, options), await startWallets(store, options)];
      for (let round = 1; round <= 30; round += 1) {
        const node = nodes[round % 2];
        await node?.execute(Wallet, "1", "add", { amount: "1" });
        await node?.execute(Wallet, "2", "add", { amount: "1" });
        await nodes[(round + 1) % 2]?.execute(Wallet, "1", "spend", { amount: "1" });
      }
      await expect(nodes[0]?.execute(Wallet, "1", "spend", { amount: "1" })).rejects.toMatchObject({
        message: "There are 0, not 1",
      });
      await expect(nodes[1]?.execute(Wallet, "2", "spend", { amount: "31" })).rejects.toMatchObject({
        message: "There are 30, not 31",
      });
    },
  );

  test("folds a stream that is longer than one page", async () => {
    const node = await startWallets(store);
    await node.execute(Wallet, "1", "add", { amount: "1", times: 1_000 });
    await node.execute(Wallet, "1", "add", { amount: "1", times: 700 });
    const restarted = await startWallets(store);
    await expect(restarted.execute(Wallet, "1", "spend", { amount: "1701" })).rejects.toMatchObject({
      message: "There are 1700, not 1701",
    });
  });

  test("keeps the same aggregate of two tenants apart", async () => {
    const node = await startWallets(store);
    await node.execute(Wallet, "1", "add", { amount: "5" }, { tenant: "north" });
    await expect(
      node.execute(Wallet, "1", "spend", { amount: "1" }, { tenant: "south" }),
    ).rejects.toMatchObject({ code: "too-little" });
  });
});

function outcomeUnknown(cause: Error): TidemarkError {
  return new TidemarkError("outcome-unknown", "The answer was lost.", { cause });
}

describe("an answer that the store's connection lost", () => {
  /** The store behind a connection that breaks as planned, once for each of the next appends. */
  function breaking(plan: readonly ("before" | "after" | "never")[]): EventStore {
    const left = [...plan];
    return withAppend(store, async (...call) => {
      const breaks = left.shift() ?? "never";
      const lost = new Error("connection terminated");
      if (breaks === "before") throw outcomeUnknown(lost);
      const outcome = await store.append(...call);
      if (breaks === "after") throw outcomeUnknown(lost);
      return outcome;
    });
  }

  test.each([
    ["after the commit", ["after"]],
    ["before the store saw it", ["before"]],
    ["several times", ["before", "after", "before", "after"]],
  ] as const)("%s: the command is done once and says so", async (_, plan) => {
    for (const options of [{}, { idempotencyKey: "k" }]) {
      const node = await startWallets(breaking(plan));
      const before = await countEvents(store, "wallet-1");
      const result = await node.execute(Wallet, "1", "add", { amount: "5", times: 3 }, options);
      expect(await countEvents(store, "wallet-1")).toBe(before + 3);
      expect(result.revision).toBe(BigInt(before + 2));
      expect(result.position).toBe(await store.head());
      expect(result.events).toHaveLength(3);
    }
  });

  test("and another writer was next: the events are found behind", async () => {
    const rival = await startWallets(store);
    let lost = false;
    const broken = withAppend(store, async (...call) => {
      const outcome = await store.append(...call);
      if (lost) return outcome;
      lost = true;
      await rival.execute(Wallet, "1", "add", { amount: "7" });
      throw outcomeUnknown(new Error("connection terminated"));
    });
    const node = await startWallets(broken);
    expect(await node.execute(Wallet, "1", "add", { amount: "5", times: 2 })).toMatchObject({ revision: 1n });
    expect(await countEvents(store, "wallet-1")).toBe(3);
  });

  test("and another writer was faster: the command decides again", async () => {
    const rival = await startWallets(store);
    let lost = false;
    const broken = withAppend(store, async (...call) => {
      if (lost) return store.append(...call);
      lost = true;
      await rival.execute(Wallet, "1", "add", { amount: "7" });
      throw outcomeUnknown(new Error("connection terminated"));
    });
    const node = await startWallets(broken);
    expect(await node.execute(Wallet, "1", "add", { amount: "5" })).toMatchObject({ revision: 1n });
    expect(await countEvents(store, "wallet-1")).toBe(2);
  });

  test("of a refusal with a key: it is refused all the same, and recorded", async () => {
    const key = { idempotencyKey: "k" };
    const node = await startWallets(breaking(["after"]));
    const refused = { code: "too-little", message: "There are 0, not 5" };
    await expect(node.execute(Wallet, "1", "spend", { amount: "5" }, key)).rejects.toMatchObject(refused);
    await node.execute(Wallet, "1", "add", { amount: "5" });
    await expect(node.execute(Wallet, "1", "spend", { amount: "5" }, key)).rejects.toMatchObject(refused);
  });

  test("for good is an error, and the key tells later what had happened", async () => {
    const key = { idempotencyKey: "k" };
    let lost = false;
    const closing = withAppend(store, async (...call) => {
      if (lost) throw new TidemarkError("application-closed", "The event store is closed.");
      lost = true;
      await store.append(...call);
      throw outcomeUnknown(new Error("connection terminated"));
    });
    const node = await startWallets(closing);
    await expect(node.execute(Wallet, "1", "add", { amount: "5" }, key)).rejects.toMatchObject({
      code: "outcome-unknown",
      status: 503,
    });
    const restarted = await startWallets(store);
    expect(await restarted.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({
      revision: 0n,
      replayed: true,
    });
    expect(await countEvents(store, "wallet-1")).toBe(1);
  });
});

describe("the queue of commands", () => {
  test("refuses what is beyond its limit, at once, and takes more when it has drained", async () => {
    const queue = new KeyedQueue(3);
    const gates: (() => void)[] = [];
    const wait = () => new Promise<void>((resolve) => gates.push(resolve));
    const running = ["a", "a", "b"].map((key) => queue.run(key, wait));
    await expect(queue.run("c", wait)).rejects.toMatchObject({ code: "overloaded", status: 503 });
    expect(queue.size).toBe(3);
    while (queue.size > 0) {
      gates.shift()?.();
      await Promise.resolve();
    }
    await Promise.all(running);
    await queue.run("c", async () => undefined);
    expect(queue.size).toBe(0);
  });

  test("keeps the order of a key, whatever fails, and lets other keys pass", async () => {
    const queue = new KeyedQueue(100);
    const order: string[] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const first = queue.run("a", async () => {
      await gate;
      order.push("a1");
      throw new Error("a1 fails");
    });
    const second = queue.run("a", async () => order.push("a2"));
    await queue.run("b", async () => order.push("b1"));
    open();
    await expect(first).rejects.toThrow("a1 fails");
    await second;
    expect(order).toEqual(["b1", "a1", "a2"]);
  });
});
