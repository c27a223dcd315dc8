import { createPool } from "@tidemark/schema-registry/postgres";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { Follower } from "./follower.ts";
import { rounds } from "./rounds.ts";
import { SeededRandom } from "./seeded-random.mjs";

const pollIntervalMs = 400;
// What reading takes, also on a busy machine.
const slackMs = 300;

type Loss = "none" | "cut" | "refused" | "silenced";

/** Events that a follower saw later than polling alone would show them, after its LISTEN connection was lost. */
async function lateEvents(
  database: TestDatabase,
  options: { readonly seed: number; readonly loss: Loss; readonly followerPollMs: number },
): Promise<{ readonly late: string[]; readonly delays: number[] }> {
  const { connectionString } = database;
  const random = new SeededRandom(options.seed);
  await using proxy = await TcpProxy.start(connectionString);
  await using writer = await openStore({ connectionString, wakeup: "poll" });
  await using reader = await openStore({
    connectionString,
    directUrl: proxy.connectionString,
    pollIntervalMs: options.followerPollMs,
  });
  const follower = new Follower(reader);
  await untilListening(connectionString);
  if (options.loss === "silenced") proxy.silence();
  else if (options.loss !== "none") proxy.cut({ refuse: options.loss === "refused" });

  const appended = new Map<string, number>();
  for (let n = 0; n < 8; n += 1) {
    await delay(random.below(pollIntervalMs));
    const events = sampleEvents(1);
    await writer.append("torture-1", events);
    for (const { eventId } of events) appended.set(eventId, Date.now());
  }
  await delay(pollIntervalMs + slackMs);
  const seen = new Map(follower.seen.map(({ eventId, seenAt }) => [eventId, seenAt]));
  const delays = [...appended].map(([eventId, at]) => (seen.get(eventId) ?? Number.POSITIVE_INFINITY) - at);
  await follower.stop();
  const late = delays.filter((ms) => ms > pollIntervalMs + slackMs);
  return { late: late.map((ms) => `late: seen after ${ms} ms`), delays };
}

/** Returns once the LISTEN connection stands. */
async function untilListening(connectionString: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1, applicationName: "torture" });
  const listening = `select from pg_stat_activity where datname = current_database()
    and application_name = 'tidemark listen' and state = 'idle' and query like 'listen %'`;
  await waitFor(async () => (await pool.query(listening)).rowCount === 1, { what: "a LISTEN connection" });
  await pool.end();
}

describe.each(rounds)("round $round, seed $seed", ({ seed }) => {
  test.concurrent.each(["cut", "refused", "silenced"] as const)(
    "when the LISTEN connection is %s, events come within the poll interval",
    async (loss) => {
      const database = await createTestDatabase({ template: eventStoreTemplate });
      const { late } = await lateEvents(database, { seed, loss, followerPollMs: pollIntervalMs });
      await database.drop();
      expect(late).toEqual([]);
    },
  );

  test.concurrent("while the LISTEN connection stands, nobody waits for the poll interval", async () => {
    const database = await createTestDatabase({ template: eventStoreTemplate });
    const { delays } = await lateEvents(database, { seed, loss: "none", followerPollMs: 3_600_000 });
    await database.drop();
    expect(Math.max(...delays)).toBeLessThan(slackMs);
  });

  test.concurrent.each(["refused", "silenced"] as const)(
    "a planted fault is found: NOTIFY only, and the connection is %s",
    async (loss) => {
      const database = await createTestDatabase({ template: eventStoreTemplate });
      const { late } = await lateEvents(database, { seed, loss, followerPollMs: 3_600_000 });
      await database.drop();
      expect(late).not.toEqual([]);
    },
  );
});
