import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { Attempt } from "./attempt.ts";
import { rounds, tortureMs } from "./rounds.ts";
import { SeededRandom } from "./seeded-random.mjs";
import { torture } from "./torture.ts";

const repeaterFile = fileURLToPath(new URL("./repeater.mjs", import.meta.url));
const stopMs = 1_000;
const stopCount = Math.max(2, Math.floor(tortureMs / (2 * stopMs)));
// Whoever waits for the stopped one waits about as long as it is stopped.
const longestAppendMs = 700;

interface Stop {
  /** `Writer0` and so on. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** How long the appends took that ran beside a stop, in milliseconds, but for those of stopped processes. */
function timesBeside(stop: Stop, stops: readonly Stop[], attempts: readonly Attempt[]): number[] {
  return attempts
    .filter((attempt) => overlap(stop, attempt))
    .filter(
      (attempt) => !stops.some((each) => attempt.id.startsWith(`${each.name}:`) && overlap(each, attempt)),
    )
    .map(({ startedAt, endedAt }) => endedAt - startedAt);
}

function overlap({ from, to }: Stop, { startedAt, endedAt }: Attempt): boolean {
  return endedAt >= from && startedAt <= to;
}

describe.each(rounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "writers that are stopped at random moments hold nobody up, and go on",
    { timeout: tortureMs + 60_000 },
    async () => {
      const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
      const stops: Stop[] = [];
      const random = new SeededRandom(seed);
      const { violations, attempts } = await torture({
        connectionString,
        seed,
        processes: 3,
        during: async (writers) => {
          for (let left = stopCount; left > 0; left -= 1) {
            await delay(random.below(300));
            const place = random.below(writers.length);
            writers[place]?.kill("SIGSTOP");
            const from = Date.now();
            await delay(stopMs);
            writers[place]?.kill("SIGCONT");
            stops.push({ name: `Writer${place}`, from, to: Date.now() });
          }
          // The one that was stopped last must show that it goes on.
          await delay(500);
        },
      });
      await drop();
      expect(violations.slice(0, 20)).toEqual([]);
      for (const stop of stops) {
        const times = timesBeside(stop, stops, attempts);
        expect(times.length).toBeGreaterThan(20);
        expect(Math.max(...times)).toBeLessThan(longestAppendMs);
        const stopped = attempts.filter(({ id }) => id.startsWith(`${stop.name}:`));
        expect(stopped.some(({ outcome, startedAt }) => outcome === "appended" && startedAt > stop.to)).toBe(
          true,
        );
      }
    },
  );

  test("a process that is stopped with a large answer on its way holds nobody up", async () => {
    const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
    const admin = createPool({ connectionString, max: 3, applicationName: "torture" });
    const store = await openStore({ connectionString, wakeup: "poll" });
    const repeater = spawnNode(repeaterFile, [connectionString]);
    await repeater.waitForLine(/^was told appended$/);
    // The first set is one append, the second one has the others. It is stopped while that one waits for the lock:
    // nobody reads the answer that comes when it has got the lock.
    const firstHolder = await holdLock(admin);
    repeater.kill("SIGUSR2");
    await waiters(admin, 1);
    const secondHolder = holdLock(admin);
    await waiters(admin, 2);
    await firstHolder.release();
    const holder = await secondHolder;
    await waiters(admin, 1);
    repeater.kill("SIGSTOP");
    await holder.release();

    const startedAt = Date.now();
    for (let n = 0; n < 20; n += 1)
      expect(await store.append("torture-other", sampleEvents(1))).toMatchObject({ status: "appended" });
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    repeater.kill("SIGCONT");
    await repeater.waitForLine(/^was told already-recorded$/);
    repeater.kill("SIGKILL");
    await repeater.exit;
    await store.close();
    await admin.end();
    await drop();
  });
});

async function holdLock(pool: pg.Pool): Promise<{ release(): Promise<void> }> {
  const client = await pool.connect();
  await client.query("begin");
  await client.query("select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)");
  return {
    release: async () => {
      await client.query("commit");
      client.release();
    },
  };
}

/** Returns when so many sessions wait for the lock. */
async function waiters(pool: pg.Pool, count: number): Promise<void> {
  const statement = `select from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  await waitFor(async () => (await pool.query(statement)).rowCount === count);
}
