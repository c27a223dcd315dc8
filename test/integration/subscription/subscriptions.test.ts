import {
  defineSubscription,
  SubscriptionSupervisor,
  type HandlerContext,
  type SubscriptionDefinition,
} from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { opened } from "../../support/owners.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;
const supervisors: SubscriptionSupervisor[] = [];
const quick = { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 };

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.close();
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

function supervise(...definitions: SubscriptionDefinition[]): SubscriptionSupervisor {
  const { eventStore, serializer, store } = bank;
  const supervisor = new SubscriptionSupervisor({
    definitions,
    eventStore,
    serializer,
    store,
    applicationName: "bank",
    leaseMs: 500,
  });
  supervisors.push(supervisor);
  return supervisor;
}

type Call = readonly [owner: string, replaying: boolean, attempt: number];

function greeting(
  calls: Call[],
  options: Partial<SubscriptionDefinition> = {},
  handle: (owner: string, context: HandlerContext) => unknown = () => {},
) {
  const { from, onReplay, partitions, timeoutMs } = options;
  return defineSubscription({
    name: "greeting",
    events: [Opened],
    retry: quick,
    ...(from === undefined ? {} : { from }),
    ...(onReplay === undefined ? {} : { onReplay }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    handle: {
      Opened: ({ data }, context) => {
        calls.push([data.owner, context.replaying, context.attempt]);
        return handle(data.owner, context);
      },
    },
  });
}

async function caughtUp(supervisor: SubscriptionSupervisor, position: bigint): Promise<void> {
  await waitFor(async () =>
    (await supervisor.status()).every(({ positions }) => positions.every((at) => at.position >= position)),
  );
}

describe("a subscription", () => {
  test("handles each event once and in order, with a key that stays the same", async () => {
    const calls: Call[] = [];
    const keys: string[] = [];
    const head = await bank.append(
      Array.from({ length: 250 }, (_, index) => opened(`a${index}`, `${index}`)),
    );
    const definition = greeting(calls, {}, (_, { key }) => keys.push(key));
    const supervisor = supervise(definition);
    await supervisor.start();
    await caughtUp(supervisor, head);
    expect(calls).toEqual(Array.from({ length: 250 }, (_, index) => [`${index}`, false, 1]));
    expect(new Set(keys).size).toBe(250);
    expect(keys[0]).toMatch(/^greeting:[0-9a-f-]{36}$/);
    expect(await supervisor.status()).toMatchObject([{ name: "greeting", lag: 0n, events: 250n }]);

    await supervisor.close();
    const next = supervise(definition);
    await next.start();
    await caughtUp(next, await bank.append([opened("b", "next")]));
    expect(calls.slice(250)).toEqual([["next", false, 1]]);
  });

  test("that is new may begin at the end", async () => {
    const calls: Call[] = [];
    await bank.append([opened("a", "old")]);
    const supervisor = supervise(greeting(calls, { from: "end" }));
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
    const supervisor = supervise(greeting(calls, {}, handle));
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
    const supervisor = supervise(greeting(calls, {}, handle));
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
    const supervisor = supervise(greeting(calls, { timeoutMs: 30 }, handle));
    await supervisor.start();
    await caughtUp(supervisor, await bank.append([opened("a", "hangs"), opened("b", "fine")]));
    expect(calls.at(-1)).toEqual(["fine", false, 1]);
    expect((await bank.deadLetters(null, supervisor).list())[0]?.error).toMatch(/took longer than 30 ms/);
  });

  test("shares its partitions among processes, and keeps the order of each stream", async () => {
    const calls: Call[] = [];
    const first = supervise(greeting(calls, { partitions: 4 }));
    const second = supervise(greeting(calls, { partitions: 4 }));
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

describe("a replay", () => {
  test("is muted up to where the subscription stood, and goes on behind", async () => {
    const calls: Call[] = [];
    await bank.append([opened("a", "1"), opened("b", "2")]);
    const supervisor = supervise(greeting(calls));
    await supervisor.start();
    await caughtUp(supervisor, await bank.append([opened("c", "3")]));
    calls.length = 0;
    expect(await supervisor.replay("greeting", { position: 1n })).toEqual({ position: 1n, partitions: 1 });
    // Whoever owned the partition may be at an event when it is taken away: at least once.
    await caughtUp(supervisor, 3n);
    await caughtUp(supervisor, await bank.append([opened("d", "4")]));
    expect(calls).toEqual([["4", false, 1]]);
  });

  test("runs the handlers of a subscription that says so, and tells them", async () => {
    const calls: Call[] = [];
    const supervisor = supervise(greeting(calls, { onReplay: "run" }));
    await supervisor.start();
    await bank.append([opened("a", "1")]);
    const time = new Date(Date.now() + 1);
    await waitFor(() => Date.now() > time.getTime());
    await caughtUp(supervisor, await bank.append([opened("b", "2"), opened("c", "3")]));
    calls.length = 0;
    expect(await supervisor.replay("greeting", { time })).toEqual({ position: 1n, partitions: 1 });
    // Whoever owned the partition may be at an event when it is taken away: at least once.
    await caughtUp(supervisor, 3n);
    await caughtUp(supervisor, await bank.append([opened("d", "4")]));
    await waitFor(() => calls.length === 3);
    expect(calls).toEqual([
      ["2", true, 1],
      ["3", true, 1],
      ["4", false, 1],
    ]);
  });

  test("may give up what is parked, which is kept with the reason, and is not handled any more", async () => {
    const calls: Call[] = [];
    const handle = (owner: string) => {
      if (owner === "2") throw new Error("no such address");
    };
    const supervisor = supervise(greeting(calls, { onReplay: "mute" }, handle));
    await supervisor.start();
    const head = await bank.append([opened("a", "1"), opened("b", "2"), opened("b", "3")]);
    await caughtUp(supervisor, head);
    calls.length = 0;
    const discardParked = { reason: "moved away", requestedBy: "ada" };
    await supervisor.replay("greeting", { position: 0n }, { discardParked });
    await caughtUp(supervisor, await bank.append([opened("b", "4")]));
    expect(calls.map(([owner]) => owner)).toEqual(["4"]);
    const letters = bank.deadLetters(null, supervisor);
    expect(await letters.list()).toEqual([]);
    const kept = { name: "greeting", sequence: "stream:account-b", reason: "moved away", discardedBy: "ada" };
    expect(await letters.discarded("greeting")).toMatchObject([kept, kept]);
  });

  test.each([
    ["its event is another one", "update tidemark.checkpoints set event_id = gen_random_uuid()"],
    ["a replay was under way in a longer log", "update tidemark.checkpoints set replay_until = 1000"],
  ])(
    "in a log that was restored (%s) calls for what is new in it, and stands until told so",
    async (_, change) => {
      const calls: Call[] = [];
      await bank.append([opened("a", "1")]);
      const first = supervise(greeting(calls));
      await first.start();
      await caughtUp(first, await bank.append([opened("b", "2"), opened("c", "3")]));
      await first.close();
      // The backup ended behind the first event, and others came since.
      const pool = createPool({ connectionString: database.connectionString, max: 1 });
      await pool.query(change);
      await pool.end();
      calls.length = 0;
      const supervisor = supervise(greeting(calls));
      await supervisor.start();
      const head = await bank.append([opened("d", "4")]);
      await waitFor(async () =>
        (await supervisor.status())[0]?.workers.some(({ state }) => state === "diverged"),
      );
      expect(calls).toEqual([]);
      await supervisor.replay("greeting", { position: 1n });
      await caughtUp(supervisor, head);
      expect(calls.map(([owner, replaying]) => [owner, replaying])).toEqual([
        ["2", false],
        ["3", false],
        ["4", false],
      ]);
    },
  );

  test("of partitions that stand at different places, which are merged then, mutes nothing that was not handled", async () => {
    const calls: Call[] = [];
    const handled = new Set<string>();
    let waits = true;
    const streams = Array.from({ length: 12 }, (_, index) => `s${index}`);
    // One of the two stands still, as while a service is away.
    const handle = (owner: string, { partition }: HandlerContext) => {
      if (waits && partition === 1 && !owner.endsWith(" 0"))
        throw Object.assign(new Error("not now"), { code: "ECONNREFUSED" });
      handled.add(owner);
    };
    const supervisor = supervise(greeting(calls, { partitions: 2 }, handle));
    await supervisor.start();
    for (const round of [0, 1, 2])
      await bank.append(streams.map((stream) => opened(stream, `${stream} ${round}`)));
    const head = await bank.eventStore.head();
    await waitFor(async () =>
      (await supervisor.status())[0]?.positions.some(({ position }) => position === head),
    );
    expect(await supervisor.replay("greeting", { position: 0n })).toMatchObject({ position: 0n });
    await supervisor.partitions.merge("greeting", 0, 1);
    waits = false;
    await waitFor(async () => (await supervisor.partitions.list("greeting")).length === 1);
    await caughtUp(supervisor, head);
    expect(handled.size).toBe(streams.length * 3);
  });

  test("is refused while something is parked, so that each event is handled in the end", async () => {
    const calls: Call[] = [];
    const broken = new Set(["2"]);
    const handle = (owner: string) => {
      if (broken.has(owner)) throw new Error("no such address");
    };
    const supervisor = supervise(greeting(calls, {}, handle));
    await supervisor.start();
    const head = await bank.append([opened("a", "1"), opened("b", "2"), opened("b", "3"), opened("a", "4")]);
    await caughtUp(supervisor, head);
    await expect(supervisor.replay("greeting", { position: 0n })).rejects.toMatchObject({
      code: "subscription-has-parked",
      message: expect.stringContaining("stream:account-b"),
    });
    broken.clear();
    calls.length = 0;
    const letters = bank.deadLetters(null, supervisor);
    expect(await letters.retry("greeting", "stream:account-b")).toMatchObject([{ status: "restored" }]);
    expect(calls.map(([owner, replaying]) => [owner, replaying])).toEqual([
      ["2", false],
      ["3", false],
    ]);
    expect(await supervisor.replay("greeting", { position: 0n })).toEqual({ position: 0n, partitions: 1 });
    await caughtUp(supervisor, head);
    expect(calls).toHaveLength(2);
  });

  test("to where there is no event, or of what does not exist, is refused", async () => {
    const supervisor = supervise(greeting([]));
    await supervisor.start();
    await expect(supervisor.replay("greeting", { position: 77n })).rejects.toThrow(
      /0 or the position of an event/,
    );
    await expect(supervisor.replay("nothing", { position: 0n })).rejects.toMatchObject({
      code: "subscription-unknown",
    });
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
