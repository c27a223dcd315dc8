import type { HandlerContext } from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Bank } from "../../support/bank.ts";
import { opened } from "../../support/owners.ts";
import { waitFor } from "../../support/wait-for.ts";
import { caughtUp, greeting, Greetings, type Call } from "./greetings.ts";

let greetings: Greetings;
let bank: Bank;

beforeEach(async () => {
  greetings = await Greetings.open();
  ({ bank } = greetings);
});
afterEach(() => greetings[Symbol.asyncDispose]());

describe("a replay", () => {
  test("is muted up to where the subscription stood, and goes on behind", async () => {
    const calls: Call[] = [];
    await bank.append([opened("a", "1"), opened("b", "2")]);
    const supervisor = greetings.supervise(greeting(calls));
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
    const supervisor = greetings.supervise(greeting(calls, { onReplay: "run" }));
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
    const supervisor = greetings.supervise(greeting(calls, { onReplay: "mute" }, handle));
    await supervisor.start();
    const head = await bank.append([opened("a", "1"), opened("b", "2"), opened("b", "3")]);
    await caughtUp(supervisor, head);
    calls.length = 0;
    const discardParked = { reason: "moved away", requestedBy: "ada" };
    const silent = supervisor.replay(
      "greeting",
      { position: 0n },
      { discardParked: { reason: " ", requestedBy: "ada" } },
    );
    await expect(silent).rejects.toMatchObject({ code: "validation-failed" });
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
      const first = greetings.supervise(greeting(calls));
      await first.start();
      await caughtUp(first, await bank.append([opened("b", "2"), opened("c", "3")]));
      await first.close();
      // The backup ended behind the first event, and others came since.
      const pool = createPool({ connectionString: greetings.database.connectionString, max: 1 });
      await pool.query(change);
      await pool.end();
      calls.length = 0;
      const supervisor = greetings.supervise(greeting(calls));
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
    const supervisor = greetings.supervise(greeting(calls, { partitions: 2 }, handle));
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
    const supervisor = greetings.supervise(greeting(calls, {}, handle));
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
    const supervisor = greetings.supervise(greeting([]));
    await supervisor.start();
    await expect(supervisor.replay("greeting", { position: 77n })).rejects.toThrow(
      /0 or the position of an event/,
    );
    await expect(supervisor.replay("nothing", { position: 0n })).rejects.toMatchObject({
      code: "subscription-unknown",
    });
  });
});
