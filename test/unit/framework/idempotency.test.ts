import { DomainError, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { countEvents, startWallets, Wallet, withAppend } from "./wallet.ts";

type Wallets = Awaited<ReturnType<typeof startWallets>>;

const key = { idempotencyKey: "key-1" };
const day = 24 * 60 * 60 * 1_000;

let now: Date;
let store: EventStore;
let application: Wallets;

beforeEach(async () => {
  now = new Date("2026-11-20T10:00:00Z");
  store = inMemoryEventStore({ now: () => now });
  application = await startWallets(store);
});

/** The refusal of a command that must be refused. */
async function refusal(command: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await command.then(
    () => new Error("the command was accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof DomainError) return error;
  throw error;
}

describe("the same key and input", () => {
  test("give the first answer again, also when the stream has moved on", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    const first = await application.execute(Wallet, "1", "add", { amount: "5", times: 2 }, key);
    await application.execute(Wallet, "1", "add", { amount: "7" });
    const again = await application.execute(Wallet, "1", "add", { amount: "5", times: 2 }, key);
    expect(again).toMatchObject({ ...first, replayed: true });
    expect(await countEvents(store, "wallet-1")).toBe(4);
  });

  test("give it after a restart", async () => {
    const first = await application.execute(Wallet, "1", "open", { owner: "Ada" }, key);
    const restarted = await startWallets(store);
    expect(await restarted.execute(Wallet, "1", "open", { owner: "Ada" }, key)).toMatchObject({
      ...first,
      replayed: true,
    });
  });

  test("give the id again that was made for a new aggregate", async () => {
    const first = await application.execute(Wallet, null, "open", { owner: "Ada" }, key);
    const restarted = await startWallets(store);
    for (const node of [application, restarted]) {
      const again = await node.execute(Wallet, null, "open", { owner: "Ada" }, key);
      expect(again).toMatchObject({ ...first, replayed: true });
    }
    expect(await store.head()).toBe(1n);
  });

  test("give the refusal again that the state of now would not give", async () => {
    const first = await refusal(application.execute(Wallet, "1", "spend", { amount: "5" }, key));
    await application.execute(Wallet, "1", "add", { amount: "5" });
    for (const node of [application, await startWallets(store)]) {
      const again = await refusal(node.execute(Wallet, "1", "spend", { amount: "5" }, key));
      expect(again).toMatchObject({
        code: "too-little",
        message: "There are 0, not 5",
        kind: "rule",
        details: {},
      });
      expect(again.message).toBe(first.message);
    }
    expect(await application.execute(Wallet, "1", "spend", { amount: "5" })).toMatchObject({ revision: 1n });
  });

  test("keep kind and details of a refusal", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    await refusal(application.execute(Wallet, "1", "open", { owner: "Bob" }, key));
    await application.execute(Wallet, "1", "add", { amount: "5" });
    const again = await refusal(application.execute(Wallet, "1", "open", { owner: "Bob" }, key));
    expect(again).toMatchObject({ code: "already-open", kind: "conflict", details: { balance: "0" } });
  });

  test("give the answer again of a command that changed nothing", async () => {
    const first = await application.execute(Wallet, "1", "add", { amount: "5", times: 0 }, key);
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    const again = await application.execute(Wallet, "1", "add", { amount: "5", times: 0 }, key);
    expect(again).toMatchObject({ ...first, revision: -1n, position: 0n, replayed: true });
  });

  test("are looked up before the expected revision", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    const options = { ...key, expectedRevision: 0n };
    const first = await application.execute(Wallet, "1", "add", { amount: "5" }, options);
    expect(await application.execute(Wallet, "1", "add", { amount: "5" }, options)).toMatchObject({
      ...first,
      replayed: true,
    });
  });

  test("are told by what the input means: order, defaults and unknown fields do not matter", async () => {
    const first = await application.execute(Wallet, "1", "add", { amount: "5" }, key);
    const others = [{ times: 1, amount: "5" }, { amount: "5", unknown: true }, { amount: "05" }];
    for (const input of others) {
      expect(await application.execute(Wallet, "1", "add", input, key)).toMatchObject({
        position: first.position,
        replayed: true,
      });
    }
  });

  test("run anew when the record has expired", async () => {
    await application.execute(Wallet, "1", "add", { amount: "5" }, key);
    now = new Date(now.getTime() + day - 1);
    expect(await application.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({
      replayed: true,
    });
    now = new Date(now.getTime() + 1);
    expect(await application.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({
      revision: 1n,
      replayed: false,
    });
  });
});

describe("the key for another request", () => {
  test.each<[string, (node: Wallets) => Promise<unknown>]>([
    ["another input", (node) => node.execute(Wallet, "1", "add", { amount: "6" }, key)],
    ["another aggregate", (node) => node.execute(Wallet, "2", "add", { amount: "5" }, key)],
    ["a new aggregate", (node) => node.execute(Wallet, null, "add", { amount: "5" }, key)],
    ["another command", (node) => node.execute(Wallet, "1", "spend", { amount: "5" }, key)],
  ])("%s is refused, now and after a restart", async (_, other) => {
    await application.execute(Wallet, "1", "add", { amount: "5" }, key);
    for (const node of [application, await startWallets(store)]) {
      await expect(other(node)).rejects.toMatchObject({ code: "idempotency-key-reused", status: 422 });
    }
    expect(await store.head()).toBe(1n);
  });

  test("is refused while the first still runs, and after a refusal", async () => {
    const first = application.execute(Wallet, "1", "spend", { amount: "5" }, key);
    const other = application.execute(Wallet, "1", "spend", { amount: "6" }, key);
    await expect(other).rejects.toMatchObject({ code: "idempotency-key-reused" });
    await refusal(first);
    await expect(application.execute(Wallet, "1", "spend", { amount: "6" }, key)).rejects.toMatchObject({
      code: "idempotency-key-reused",
    });
  });

  test("is another key for another principal or tenant", async () => {
    for (const whose of [{}, { principal: "ada" }, { principal: "bob" }, { tenant: "north" }]) {
      const result = await application.execute(Wallet, "1", "add", { amount: "5" }, { ...key, ...whose });
      expect(result.replayed).toBe(false);
    }
  });
});

describe("what is no answer is not recorded", () => {
  test("invalid input: the corrected request may use the key", async () => {
    await expect(application.execute(Wallet, "1", "add", { amount: "x" }, key)).rejects.toThrow();
    expect(await application.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({
      replayed: false,
    });
  });

  test("a stale revision: the key is free for the same request with another one", async () => {
    const stale = { ...key, expectedRevision: 5n };
    await expect(application.execute(Wallet, "1", "add", { amount: "5" }, stale)).rejects.toMatchObject({
      code: "stale-revision",
    });
    const right = { ...key, expectedRevision: -1n };
    expect(await application.execute(Wallet, "1", "add", { amount: "5" }, right)).toMatchObject({
      revision: 0n,
      replayed: false,
    });
  });

  test("a store that fails, and a mistake in decide", async () => {
    let fails = true;
    const failing = withAppend(store, (...call) => {
      if (fails) throw new Error("the disk is full");
      return store.append(...call);
    });
    const node = await startWallets(failing);
    await expect(node.execute(Wallet, "1", "add", { amount: "5" }, key)).rejects.toThrow("the disk is full");
    fails = false;
    expect(await node.execute(Wallet, "1", "add", { amount: "5" }, key)).toMatchObject({ replayed: false });
    await expect(node.execute(Wallet, "1", "fail", {}, { idempotencyKey: "k2" })).rejects.toThrow(TypeError);
    await expect(node.execute(Wallet, "1", "fail", {}, { idempotencyKey: "k2" })).rejects.toThrow(TypeError);
  });
});

describe("duplicates at the same time", () => {
  test("in one process join the first: one append, one answer", async () => {
    const attempts = Array.from({ length: 20 }, () =>
      application.execute(Wallet, null, "add", { amount: "5" }, key),
    );
    const results = await Promise.all(attempts);
    expect(new Set(results.map(({ aggregateId }) => aggregateId)).size).toBe(1);
    expect(new Set(results.map(({ position }) => position)).size).toBe(1);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await store.head()).toBe(1n);
  });

  test("that join leave the store alone, and share its failure", async () => {
    let calls = 0;
    const failing = withAppend(store, async () => {
      calls += 1;
      throw new Error("the disk is full");
    });
    const node = await startWallets(failing);
    const attempts = Array.from({ length: 5 }, () => node.execute(Wallet, "1", "add", { amount: "5" }, key));
    for (const outcome of await Promise.allSettled(attempts)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { message: "the disk is full" } });
    }
    expect(calls).toBe(1);
  });

  test("that join give up after five seconds, and the first one goes on", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let waiting = false;
    const slow = withAppend(store, async (...call) => {
      waiting = true;
      await gate;
      return store.append(...call);
    });
    const node = await startWallets(slow);
    const first = node.execute(Wallet, "1", "add", { amount: "5" }, key);
    await waitFor(() => waiting);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const joined = expect(node.execute(Wallet, "1", "add", { amount: "5" }, key)).rejects.toMatchObject({
        code: "in-progress",
        status: 409,
        details: { retryAfterSeconds: 1 },
      });
      await vi.advanceTimersByTimeAsync(5_000);
      await joined;
    } finally {
      vi.useRealTimers();
    }
    release();
    expect(await first).toMatchObject({ revision: 0n, replayed: false });
  });

  test("in two processes have one winner", async () => {
    const other = await startWallets(store);
    const attempts = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? application : other).execute(Wallet, null, "add", { amount: "5" }, key),
    );
    const results = await Promise.all(attempts);
    expect(new Set(results.map(({ aggregateId }) => aggregateId)).size).toBe(1);
    expect(await store.head()).toBe(1n);
  });

  test("share a refusal", async () => {
    const other = await startWallets(store);
    const attempts = [application, application, other, other].map((node) =>
      refusal(node.execute(Wallet, "1", "spend", { amount: "5" }, key)),
    );
    for (const error of await Promise.all(attempts)) expect(error.code).toBe("too-little");
  });
});

describe("a command with the id of its source", () => {
  const eventId = "5b0c6a52-3d1e-5f27-9a44-7c1f0e9d8b62";

  test("is done once for ever: no key, no expiry, any process", async () => {
    const first = await application.execute(Wallet, "1", "add", { amount: "5" }, { eventId });
    expect(first.events[0]?.eventId).toBe(eventId);
    await application.execute(Wallet, "1", "add", { amount: "5" });
    now = new Date(now.getTime() + 100 * 365 * day);
    for (const node of [application, await startWallets(store)]) {
      expect(await node.execute(Wallet, "1", "add", { amount: "5" }, { eventId })).toMatchObject({
        revision: first.revision,
        position: first.position,
        replayed: true,
      });
    }
    expect(await countEvents(store, "wallet-1")).toBe(2);
  });

  test("is found before decide: what it has done is no reason to refuse it", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" }, { eventId });
    const again = await application.execute(Wallet, "1", "open", { owner: "Ada" }, { eventId });
    expect(again.replayed).toBe(true);
  });

  test("is done once when two processes import the same file", async () => {
    const nodes = [application, await startWallets(store)];
    const attempts = Array.from({ length: 10 }, (_, index) =>
      (nodes[index % 2] ?? application).execute(Wallet, "1", "add", { amount: "5" }, { eventId }),
    );
    const results = await Promise.all(attempts);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await countEvents(store, "wallet-1")).toBe(1);
  });

  test("gives several events ids that are its own and stay the same", async () => {
    const first = await application.execute(Wallet, "1", "add", { amount: "5", times: 3 }, { eventId });
    expect(new Set(first.events.map((event) => event.eventId)).size).toBe(3);
    const elsewhere = await startWallets(inMemoryEventStore());
    const same = await elsewhere.execute(Wallet, "1", "add", { amount: "5", times: 3 }, { eventId });
    expect(same.events.map((event) => event.eventId)).toEqual(first.events.map((event) => event.eventId));
  });
});
