import { defineSubscription } from "@tidemark/framework";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bank, Opened } from "../../support/bank.ts";
import { opened } from "../../support/owners.ts";
import { caughtUp, greeting, Greetings, type Call } from "./greetings.ts";

let greetings: Greetings;
let bank: Bank;

beforeEach(async () => {
  greetings = await Greetings.open();
  ({ bank } = greetings);
});
afterEach(() => greetings[Symbol.asyncDispose]());

describe("a subscription", () => {
  test("handles each event once and in order, with a key that stays the same", async () => {
    const calls: Call[] = [];
    const keys: string[] = [];
    const head = await bank.append(
      Array.from({ length: 250 }, (_, index) => opened(`a${index}`, `${index}`)),
    );
    const definition = greeting(calls, {}, (_, { key }) => keys.push(key));
    const supervisor = greetings.supervise(definition);
    await supervisor.start();
    await caughtUp(supervisor, head);
    expect(calls).toEqual(Array.from({ length: 250 }, (_, index) => [`${index}`, false, 1]));
    expect(new Set(keys).size).toBe(250);
    expect(keys[0]).toMatch(/^greeting:[0-9a-f-]{36}$/);
    expect(await supervisor.status()).toMatchObject([{ name: "greeting", lag: 0n, events: 250n }]);

    await supervisor.close();
    const next = greetings.supervise(definition);
    await next.start();
    await caughtUp(next, await bank.append([opened("b", "next")]));
    expect(calls.slice(250)).toEqual([["next", false, 1]]);
  });

  test("that is new may begin at the end", async () => {
    const calls: Call[] = [];
    await bank.append([opened("a", "old")]);
    const supervisor = greetings.supervise(greeting(calls, { from: "end" }));
    await supervisor.start();
    await caughtUp(supervisor, await bank.append([opened("b", "new")]));
    expect(calls).toEqual([["new", false, 1]]);
  });

  test("whose handler fails in the middle does not repeat what it has done", async () => {
    const calls: Call[] = [];
    let failures = 1;
    const handle = (owner: string) => {
      if (owner === "3" && failures-- > 0) throw new Error("not now");
    };
    const head = await bank.append(["1", "2", "3", "4"].map((owner) => opened(owner, owner)));
    const supervisor = greetings.supervise(greeting(calls, {}, handle));
    await supervisor.start();
    await caughtUp(supervisor, head);
    expect(calls).toEqual([
      ["1", false, 1],
      ["2", false, 1],
      ["3", false, 1],
      ["3", false, 2],
      ["4", false, 1],
    ]);
  });

  test("parks the stream whose event keeps failing; a retry handles it in order", async () => {
    const calls: Call[] = [];
    const broken = new Set(["2"]);
    const handle = (owner: string) => {
      if (broken.has(owner)) throw new Error("no such address");
    };
    const supervisor = greetings.supervise(greeting(calls, {}, handle));
    await supervisor.start();
    await bank.append([opened("a", "1"), opened("b", "2"), opened("c", "3")]);
    await caughtUp(supervisor, await bank.append([opened("b", "4"), opened("a", "5")]));
    expect(calls.map(([owner]) => owner)).toEqual(["1", "2", "2", "3", "5"]);
    const letters = bank.deadLetters(null, supervisor);
    expect(await letters.list("greeting")).toMatchObject([
      { name: "greeting", version: null, sequence: "stream:account-b", attempts: 2, events: 2n },
    ]);
    broken.clear();
    expect(await letters.retry("greeting", "stream:account-b")).toMatchObject([{ status: "restored" }]);
    expect(calls.slice(5).map(([owner]) => owner)).toEqual(["2", "4"]);
  });

  test("whose handler hangs is given up after its time, and parked", async () => {
    const calls: Call[] = [];
    const handle = (owner: string) => (owner === "hangs" ? new Promise(() => {}) : undefined);
    const supervisor = greetings.supervise(greeting(calls, { timeoutMs: 30 }, handle));
    await supervisor.start();
    await caughtUp(supervisor, await bank.append([opened("a", "hangs"), opened("b", "fine")]));
    expect(calls.at(-1)).toEqual(["fine", false, 1]);
    expect((await bank.deadLetters(null, supervisor).list())[0]?.error).toMatch(/took longer than 30 ms/);
  });

  test("shares its partitions among processes, and keeps the order of each stream", async () => {
    const calls: Call[] = [];
    const first = greetings.supervise(greeting(calls, { partitions: 4 }));
    const second = greetings.supervise(greeting(calls, { partitions: 4 }));
    await first.start();
    await second.start();
    let head = 0n;
    for (let round = 0; round < 20; round += 1) {
      head = await bank.append(
        Array.from({ length: 10 }, (_, stream) => opened(`s${stream}`, `${stream} ${round}`)),
      );
    }
    await caughtUp(first, head);
    expect(calls).toHaveLength(200);
    for (let stream = 0; stream < 10; stream += 1) {
      const rounds = calls.map(([owner]) => owner.split(" ")).filter(([of]) => of === `${stream}`);
      expect(rounds.map(([, round]) => Number(round))).toEqual(
        Array.from({ length: 20 }, (_, round) => round),
      );
    }
  });
});

test.each([
  ["a name", { name: "No Name" }, /its name must be/],
  ["partitions", { partitions: 0 }, /its partitions must be/],
  ["a time", { timeoutMs: 0 }, /its timeoutMs must be/],
])("a definition with %s that is not allowed is refused", (_, wrong, message) => {
  const define = () =>
    defineSubscription({ name: "fine", events: [Opened], handle: { Opened: () => {} }, ...wrong });
  expect(define).toThrow(message);
});
