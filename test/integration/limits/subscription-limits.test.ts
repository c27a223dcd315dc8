import {
  defineSemaphore,
  defineSubscription,
  type SubscriptionSupervisor,
  type EventPage,
  type EventStore,
  type SubscriptionDefinition,
} from "@tidemark/framework";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, Noted, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { opened } from "../../support/owners.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let bank: Bank;

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

async function run(
  definitions: readonly SubscriptionDefinition[],
  eventStore: EventStore = bank.eventStore,
): Promise<SubscriptionSupervisor> {
  const supervisor = bank.subscriptions(definitions, eventStore);
  await supervisor.start();
  return supervisor;
}

function accounts(count: number) {
  return Array.from({ length: count }, (_, index) => opened(`a${index}`, `${index}`));
}

function noted(account: string, text: string) {
  return { account, event: Noted({ text }) };
}

describe("the limits of a subscription", () => {
  test("hold its handlers back to the rate, and a single handler to its own", async () => {
    const opens: number[] = [];
    const notes: number[] = [];
    await bank.append([...accounts(8), noted("b", "1"), noted("b", "2"), noted("b", "3")]);
    const definition = defineSubscription({
      name: "calling",
      events: [Opened, Noted],
      rateLimit: { requests: 40, per: "second" },
      limits: { Noted: { rateLimit: { requests: 1, per: 200 } } },
      handle: {
        Opened: () => opens.push(performance.now()),
        Noted: () => notes.push(performance.now()),
      },
    });
    await run([definition]);
    await waitFor(() => notes.length === 3);
    // Seven gaps of 25 ms, less what may be made up for; two of 200 ms.
    expect((opens[7] ?? 0) - (opens[0] ?? 0)).toBeGreaterThan(120);
    expect((notes[2] ?? 0) - (notes[0] ?? 0)).toBeGreaterThan(350);
  });

  test("stop at once when the subscription closes", async () => {
    const calls: string[] = [];
    await bank.append(accounts(3));
    const definition = defineSubscription({
      name: "hourly",
      events: [Opened],
      rateLimit: { requests: 1, per: "hour" },
      handle: { Opened: ({ data }) => calls.push(data.owner) },
    });
    const supervisor = await run([definition]);
    await waitFor(() => calls.length === 1);
    const closedAt = performance.now();
    await supervisor.close();
    expect(performance.now() - closedAt).toBeLessThan(2_000);
    expect(calls).toEqual(["0"]);
    // What was done is stored: the wait for the next one held no checkpoint back.
    expect(await supervisor.status()).toMatchObject([{ events: 1n }]);
  });

  test("let two subscriptions share a semaphore", async () => {
    const gate = defineSemaphore({ name: "mail-server", permits: 1 });
    let now = 0;
    let most = 0;
    const handled = { first: 0, second: 0 };
    const working = (name: "first" | "second") =>
      defineSubscription({
        name,
        events: [Opened],
        semaphores: [gate],
        handle: {
          Opened: async () => {
            most = Math.max(most, (now += 1));
            await new Promise((resolve) => setTimeout(resolve, 5));
            now -= 1;
            handled[name] += 1;
          },
        },
      });
    await bank.append(accounts(40));
    // Each in a supervisor of its own, as in two processes.
    await run([working("first")]);
    await run([working("second")]);
    await waitFor(() => handled.first === 40 && handled.second === 40);
    expect(most).toBe(1);
  });

  test("abort a handler that has lost its permit, and handle its event again without counting an attempt", async () => {
    const calls: number[] = [];
    let reason: unknown;
    await bank.append(accounts(1));
    const definition = defineSubscription({
      name: "mailing",
      events: [Opened],
      retry: { steps: 1, duration: 1, factor: 1, jitter: 0, cap: 1 },
      semaphores: [defineSemaphore({ name: "mail-server", permits: 1 })],
      handle: {
        Opened: (_event, { signal, attempt }) => {
          calls.push(attempt);
          if (calls.length > 1) return undefined;
          return new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve((reason = signal.reason)));
          });
        },
      },
    });
    const supervisor = await run([definition]);
    await waitFor(() => calls.length === 1);
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    // As when its process stood still and somebody else came.
    await pool.query("delete from tidemark.semaphore_tickets");
    await pool.end();
    await waitFor(async () => (await supervisor.status())[0]?.lag === 0n);
    expect(calls).toEqual([1, 1]);
    expect(reason).toMatchObject({ code: "permit-lost", retryable: true });
    expect(await supervisor.status()).toMatchObject([{ parked: { sequences: 0 } }]);
  });

  test("leave the permits free when there is nothing to do", async () => {
    const calls: string[] = [];
    await bank.append(accounts(3));
    const definition = defineSubscription({
      name: "mailing",
      events: [Opened],
      semaphores: [defineSemaphore({ name: "mail-server", permits: 1 })],
      handle: { Opened: ({ data }) => calls.push(data.owner) },
    });
    await run([definition]);
    await waitFor(() => calls.length === 3);
    await waitFor(async () => {
      const { ticket, granted } = await bank.store.limits.enter("mail-server", "test", 1_000);
      await bank.store.limits.leave([ticket]);
      return granted;
    });
  });

  test("are refused when a semaphore has two numbers of permits", async () => {
    const [one, two] = [1, 2].map((permits) =>
      defineSubscription({
        name: `with-${permits}`,
        events: [Opened],
        limits: { Opened: { semaphores: [defineSemaphore({ name: "mail-server", permits })] } },
        handle: { Opened: () => {} },
      }),
    );
    if (one === undefined || two === undefined) throw new Error("two were defined");
    await expect(run([one, two])).rejects.toThrow(
      "The semaphore mail-server has 1 permits in one place and 2 in another: define it once.",
    );
  });

  test("cost no question when there are none", async () => {
    let asked = 0;
    const limits = new Proxy(bank.store.limits, {
      get: () => () => {
        asked += 1;
        throw new Error("nobody should ask");
      },
    });
    Object.defineProperty(bank.store, "limits", { value: limits });
    const calls: string[] = [];
    await bank.append(accounts(5));
    const definition = defineSubscription({
      name: "free",
      events: [Opened],
      handle: { Opened: ({ data }) => calls.push(data.owner) },
    });
    const supervisor = await run([definition]);
    await waitFor(async () => (await supervisor.status())[0]?.lag === 0n);
    expect([calls.length, asked]).toEqual([5, 0]);
  });

  test("refuse a message that is too large: it is parked, and no handler sees it", async () => {
    const seen: string[] = [];
    const define = (maxMessageBytes: number) =>
      defineSubscription({
        name: "notes",
        events: [Noted],
        maxMessageBytes,
        handle: { Noted: ({ data }) => seen.push(data.text.slice(0, 5)) },
      });
    await bank.append([noted("a", "small"), noted("b", "large".repeat(500)), noted("c", "after")]);
    const supervisor = await run([define(1_000)]);
    await waitFor(() => seen.length === 2);
    expect(seen).toEqual(["small", "after"]);
    await waitFor(async () => (await supervisor.status())[0]?.parked.sequences === 1);
    const [parked] = await bank.deadLetters(null, supervisor).list("notes");
    expect(parked).toMatchObject({ sequence: "stream:account-b", attempts: 1 });
    expect(parked?.error).toMatch(
      /^The event has 25\d\d bytes, and this subscription takes 1000 at most: raise/,
    );

    await supervisor.close();
    const raised = await run([define(10_000)]);
    await bank.deadLetters(null, raised).retry("notes", "stream:account-b");
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual(["small", "after", "large"]);
  });
});

describe("the buffer of a subscription", () => {
  /** Counts the bytes of the pages that a reader was given. */
  class CountingStore {
    bytes = 0;
    events = 0;
    readonly store: EventStore;

    constructor(inner: EventStore) {
      const count = (page: EventPage): EventPage => {
        for (const { data, meta } of page.events) this.bytes += data.length + meta.length;
        this.events += page.events.length;
        return page;
      };
      this.store = new Proxy(inner, {
        get: (target, property) => {
          if (property === "subscribe")
            return async function* (options: Parameters<EventStore["subscribe"]>[0]) {
              for await (const page of target.subscribe(options)) yield count(page);
            };
          const value: unknown = Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    }
  }

  test.each([
    ["bytes", { bytes: 60_000 }, 60_000 + 3 * 10_100, Infinity],
    ["events", { events: 12 }, Infinity, 12],
  ])("holds by %s while a handler stands still", async (_, buffer, mostBytes, mostEvents) => {
    const notes = Array.from({ length: 200 }, (_entry, index) => noted(`n${index}`, "x".repeat(10_000)));
    for (const from of [0, 50, 100, 150]) await bank.append(notes.slice(from, from + 50));
    const counting = new CountingStore(bank.eventStore);
    let entered = false;
    const definition = defineSubscription({
      name: "standing",
      events: [Noted],
      buffer,
      handle: {
        Noted: (_event, { signal }) =>
          new Promise((_resolve, reject) => {
            entered = true;
            signal.addEventListener("abort", () => reject(new Error("stopped")));
          }),
      },
    });
    await run([definition], counting.store);
    await waitFor(() => entered);
    // Whatever is read ahead has been read when the heartbeats have gone round.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(counting.bytes).toBeLessThanOrEqual(mostBytes);
    expect(counting.events).toBeLessThanOrEqual(mostEvents);
    expect(counting.events).toBeGreaterThan(0);
  });

  test("that is smaller than an event lets it through alone, and everything in order", async () => {
    const seen: number[] = [];
    await bank.append(
      Array.from({ length: 30 }, (_, index) => noted(`n${index}`, `${index} ${"x".repeat(index * 300)}`)),
    );
    const definition = defineSubscription({
      name: "narrow",
      events: [Noted],
      buffer: { events: 5, bytes: 100 },
      handle: { Noted: ({ data }) => seen.push(Number.parseInt(data.text, 10)) },
    });
    await run([definition]);
    await waitFor(() => seen.length === 30);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });
});
