import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PermitKeeper } from "../../../packages/framework/src/subscription/limits/permit-keeper.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const program = fileURLToPath(new URL("semaphore-process.js", import.meta.url));
let database: TestDatabase;
let store: PostgresProjectionStore;

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  store = new PostgresProjectionStore({ connectionString: database.connectionString });
  await store.open();
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

interface Working {
  readonly workers: number;
  readonly workMs: number;
  readonly leaseMs: number;
}

async function start({ workers, workMs, leaseMs }: Working): Promise<SpawnedProcess> {
  const started = spawnNode(program, [database.connectionString, ...[workers, workMs, leaseMs].map(String)]);
  await started.waitForLine(/^ready$/);
  return started;
}

async function stop(started: readonly SpawnedProcess[]): Promise<void> {
  for (const one of started) one.kill();
  for (const one of started) expect(await one.exit, one.output).toMatchObject({ signal: null, code: 0 });
}

function workOf({ output }: SpawnedProcess): (readonly [from: number, to: number])[] {
  return [...output.matchAll(/^worked (\S+) (\S+)$/gm)].map(([, from, to]) => [Number(from), Number(to)]);
}

function mostAtOnce(work: readonly (readonly [from: number, to: number])[]): number {
  const changes = work
    .flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const])
    .toSorted(([left, begins], [right, ends]) => left - right || begins - ends);
  let now = 0;
  let most = 0;
  for (const [, change] of changes) most = Math.max(most, (now += change));
  return most;
}

describe("a semaphore of several processes", () => {
  test("lets no more work at once than it has permits, and everybody in turn", async () => {
    await store.limits.declare([{ name: "mail-server", permits: 2 }]);
    const each = { workers: 2, workMs: 15, leaseMs: 2_000 };
    const started = await Promise.all([start(each), start(each), start(each)]);
    await waitFor(() => started.every((one) => workOf(one).length >= 60), { timeoutMs: 60_000 });
    await stop(started);
    const work = started.flatMap(workOf);
    expect(mostAtOnce(work)).toBe(2);
  }, 90_000);

  test("gives the permit of a process that was killed to the next one, after its lease", async () => {
    await store.limits.declare([{ name: "mail-server", permits: 1 }]);
    const holder = await start({ workers: 1, workMs: 60_000, leaseMs: 600 });
    await holder.waitForLine(/^began/);
    const next = await start({ workers: 1, workMs: 10, leaseMs: 600 });
    // The heartbeat keeps the permit for longer than the lease.
    await delay(1_500);
    expect(next.output).not.toContain("began");
    holder.kill("SIGKILL");
    await next.waitForLine(/^worked/);
    await stop([next]);
  });

  test("takes the permit of a process that stood still past its lease, and aborts its handler", async () => {
    await store.limits.declare([{ name: "mail-server", permits: 1 }]);
    const zombie = await start({ workers: 1, workMs: 60_000, leaseMs: 600 });
    await zombie.waitForLine(/^began/);
    zombie.kill("SIGSTOP");
    const next = await start({ workers: 1, workMs: 60_000, leaseMs: 600 });
    await next.waitForLine(/^began/);
    zombie.kill("SIGCONT");
    await zombie.waitForLine(/^lost permit-lost$/);
    // It stands behind the one that has the permit now.
    await delay(1_000);
    expect(zombie.output.match(/began/g)).toHaveLength(1);
    next.kill("SIGKILL");
    await waitFor(() => zombie.output.match(/began/g)?.length === 2);
    zombie.kill("SIGKILL");
  });

  test("is given up before its lease ends by a process that cannot renew it", async () => {
    const { limits } = store;
    const leaseMs = 2_000;
    await limits.declare([{ name: "mail-server", permits: 1 }]);
    const keeper = new PermitKeeper({
      store: {
        reserve: (request) => limits.reserve(request),
        declare: (semaphores) => limits.declare(semaphores),
        enter: (...request) => limits.enter(...request),
        renew: () => Promise.reject(new Error("the database is away")),
        leave: (tickets) => limits.leave(tickets),
        status: () => limits.status(),
      },
      label: "test",
      leaseMs,
      logger: silentLogger,
    });
    const from = performance.now();
    const { signal } = await keeper.acquire("mail-server", new AbortController().signal);
    const lost = await new Promise<number>((resolve) => {
      signal.addEventListener("abort", () => resolve(performance.now() - from));
    });
    expect(lost).toBeLessThan(leaseMs);
    expect(signal.reason).toMatchObject({ code: "permit-lost" });
    await keeper.close();
  });
});

describe("the queue of a semaphore", () => {
  test("is served in order, whoever comes at once", async () => {
    const { limits } = store;
    const other = new PostgresProjectionStore({ connectionString: database.connectionString });
    await other.open();
    for (let round = 0; round < 20; round += 1) {
      const name = `round-${round}`;
      await limits.declare([{ name, permits: 3 }]);
      const tickets = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? limits : other.limits).enter(name, "test", 5_000),
        ),
      );
      const granted = tickets.filter((ticket) => ticket.granted);
      expect(granted).toHaveLength(3);
      const waiting = tickets.filter((ticket) => !ticket.granted).map(({ ticket }) => ticket);
      const [next = 0n, last = 0n] = [waiting.toSorted(compare)[0], waiting.toSorted(compare).at(-1)];
      await limits.leave([granted[0]?.ticket ?? 0n]);
      const renewed = await limits.renew([next, last], 5_000);
      expect(new Map(renewed.map(({ ticket, granted: has }) => [ticket, has]))).toEqual(
        new Map([
          [next, true],
          [last, false],
        ]),
      );
    }
    await other.close();
  });

  test("numbers its tickets in the order of their commits", async () => {
    const { limits } = store;
    await limits.declare([{ name: "mail-server", permits: 1 }]);
    const pool = createPool({ connectionString: database.connectionString, max: 2 });
    const client = await pool.connect();
    await client.query("begin");
    const { rows } = await client.query(
      "select granted from tidemark.enter_semaphore('mail-server', 'test', 5000)",
    );
    const second = limits.enter("mail-server", "test", 5_000);
    await waitFor(async () => {
      const waiting = await pool.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = $1",
        [database.name],
      );
      return waiting.rowCount === 1;
    });
    await client.query("commit");
    client.release();
    expect([rows[0], await second]).toMatchObject([{ granted: true }, { granted: false }]);
    await pool.end();
  });

  test("gives nothing back to a ticket that has expired", async () => {
    const { limits } = store;
    await limits.declare([{ name: "mail-server", permits: 1 }]);
    const late = await limits.enter("mail-server", "test", 50);
    const next = await limits.enter("mail-server", "test", 5_000);
    expect([late.granted, next.granted]).toEqual([true, false]);
    await delay(100);
    expect(await limits.renew([late.ticket], 5_000)).toEqual([]);
    expect(await limits.renew([next.ticket], 5_000)).toEqual([{ ticket: next.ticket, granted: true }]);
  });

  test("follows the number of permits that was declared last", async () => {
    const { limits } = store;
    await limits.declare([{ name: "mail-server", permits: 1 }]);
    await limits.enter("mail-server", "test", 5_000);
    const second = await limits.enter("mail-server", "test", 5_000);
    await limits.declare([{ name: "mail-server", permits: 2 }]);
    expect(await limits.renew([second.ticket], 5_000)).toMatchObject([{ granted: true }]);
  });
});

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : 1;
}
