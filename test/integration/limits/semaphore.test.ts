import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
    await waitFor(() => started.every((one) => workOf(one).length >= 60), { timeoutMs: 20_000 });
    await stop(started);
    const work = started.flatMap(workOf);
    expect(mostAtOnce(work)).toBe(2);
  });

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

  test("keeps a permit while it is busy and gives it back when it is idle", async () => {
    await store.limits.declare([{ name: "mail-server", permits: 1 }]);
    const first = await store.limits.enter("mail-server", "test", 5_000);
    const second = await store.limits.enter("mail-server", "test", 5_000);
    expect([first.granted, second.granted]).toEqual([true, false]);
    await store.limits.leave([first.ticket]);
    expect(await store.limits.renew([first.ticket, second.ticket], 5_000)).toEqual([
      { ticket: second.ticket, granted: true },
    ]);
  });
});
