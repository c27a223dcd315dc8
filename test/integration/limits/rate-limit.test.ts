import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RateLimiter } from "../../../packages/framework/src/subscription/limits/rate-limiter.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

const program = fileURLToPath(new URL("rate-limit-process.js", import.meta.url));
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterEach(() => database.drop());

async function callers(count: number, intervalMs: number): Promise<SpawnedProcess[]> {
  const started = Array.from({ length: count }, () =>
    spawnNode(program, [database.connectionString, String(intervalMs)]),
  );
  for (const caller of started) await caller.waitForLine(/^ready$/);
  return started;
}

/** When each caller made its calls, in milliseconds. */
function callsOf({ output }: SpawnedProcess): number[] {
  return [...output.matchAll(/^calls (.+)$/gm)].flatMap(([, times = ""]) => times.split(" ").map(Number));
}

/** The most calls in any stretch of this length. */
function densest(calls: readonly number[], lengthMs: number): number {
  const sorted = calls.toSorted((left, right) => left - right);
  let most = 0;
  let from = 0;
  for (const [index, time] of sorted.entries()) {
    while ((sorted[from] ?? time) <= time - lengthMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

async function stop(started: readonly SpawnedProcess[]): Promise<void> {
  for (const caller of started) caller.kill("SIGCONT");
  for (const caller of started) caller.kill("SIGTERM");
  await Promise.all(started.map(({ exit }) => exit));
}

describe("a rate limit of several processes", () => {
  test("is reached, and in no second exceeded by more than a burst", async () => {
    const perSecond = 400;
    const started = await callers(3, 1_000 / perSecond);
    const from = Date.now() + 500;
    await delay(4_500);
    await stop(started);
    const each = started.map(callsOf);
    const all = each.flat();
    const rate = all.filter((time) => time >= from && time < from + 3_500).length / 3.5;
    expect(rate).toBeGreaterThanOrEqual(perSecond * 0.9);
    for (const lengthMs of [1_000, 2_000, 3_000])
      expect(densest(all, lengthMs)).toBeLessThanOrEqual((perSecond * lengthMs) / 1_000 + perSecond);
    // Nobody is left out, and nobody keeps the database busy.
    for (const calls of each) expect(calls.length).toBeGreaterThan(all.length / 6);
    for (const { output } of started)
      expect(Number(/^statements (\d+)$/m.exec(output)?.[1])).toBeLessThanOrEqual(60);
  });

  test("is not exceeded by processes that are killed or stand still", async () => {
    const perSecond = 50;
    const started = await callers(3, 1_000 / perSecond);
    const [stopped, killed] = started;
    for (let round = 0; round < 3; round += 1) {
      stopped?.kill("SIGSTOP");
      await delay(700);
      stopped?.kill("SIGCONT");
      await delay(200);
      if (round === 1) killed?.kill("SIGKILL");
    }
    await stop(started);
    const all = started.flatMap(callsOf);
    expect(all.length).toBeGreaterThan(perSecond);
    expect(densest(all, 1_000)).toBeLessThanOrEqual(2 * perSecond);
    expect(densest(all, 2_000)).toBeLessThanOrEqual(3 * perSecond);
  });
});

describe("the calls that a process was given", () => {
  let store: PostgresProjectionStore;
  let asked = 0;

  beforeEach(async () => {
    asked = 0;
    store = new PostgresProjectionStore({ connectionString: database.connectionString, wakeup: "poll" });
    await store.open();
  });
  afterEach(() => store.close());

  function limiter(intervalMs: number): RateLimiter {
    const { limits } = store;
    const counting: typeof limits = {
      reserve: (request) => {
        asked += 1;
        return limits.reserve(request);
      },
      declare: (semaphores) => limits.declare(semaphores),
      enter: (...request) => limits.enter(...request),
      renew: (...request) => limits.renew(...request),
      leave: (tickets) => limits.leave(tickets),
      status: () => limits.status(),
    };
    return new RateLimiter({ store: counting, name: "calls", intervalMs });
  }

  test("grow with what it uses, and are lost when it stands still", async () => {
    const tested = limiter(10);
    const { signal } = new AbortController();
    // Slices of 1, 2, 4, 8, 16 and then 25 calls, a quarter of a second.
    for (let call = 0; call < 40; call += 1) await tested.acquire(signal);
    expect(asked).toBe(6);
    await tested.acquire(signal);
    expect(asked).toBe(6);
    // The whole process, timers too.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
    await tested.acquire(signal);
    expect(asked).toBe(7);
  });

  test("go to whoever came first, and not to those who gave up", async () => {
    const tested = limiter(50);
    const impatient = new AbortController();
    const order: number[] = [];
    const acquired = [0, 1, 2, 3].map((index) =>
      tested
        .acquire(index === 2 ? impatient.signal : new AbortController().signal)
        .then(() => order.push(index)),
    );
    impatient.abort(new Error("impatient"));
    await expect(acquired[2]).rejects.toThrow("impatient");
    await Promise.all([acquired[0], acquired[1], acquired[3]]);
    expect(order).toEqual([0, 1, 3]);
  });

  test("are none while the database is away: whoever waits is told", async () => {
    const tested = limiter(10);
    await store.close();
    await expect(tested.acquire(new AbortController().signal)).rejects.toThrow();
  });

  test("come back at once after the database's clock went back", async () => {
    const tested = limiter(100);
    const { signal } = new AbortController();
    await tested.acquire(signal);
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    await pool.query("update tidemark.rate_limits set next_at = next_at + interval '1 hour'");
    await pool.end();
    const from = performance.now();
    await tested.acquire(signal);
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
