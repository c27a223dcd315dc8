import { createPool } from "@tidemark/schema-registry/postgres";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { abortTransactions, disturbCommits, holdTransactions, terminateSessions } from "./disturbances.ts";
import { rounds, tortureMs } from "./rounds.ts";
import { SeededRandom } from "./seeded-random.mjs";
import { torture } from "./torture.ts";

describe.each(rounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "16 writers of 4 processes while sessions die, commits fail and foreign transactions hang: each event once, in order",
    { timeout: tortureMs + 60_000 },
    async () => {
      const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
      const admin = createPool({ connectionString, max: 5, applicationName: "torture" });
      await disturbCommits(admin, { longestMs: 4 });
      const letGo = await holdTransactions(admin);
      let terminated = 0;
      const { violations, attempts, events } = await torture({
        connectionString,
        seed,
        during: async () => {
          const random = new SeededRandom(seed);
          [terminated] = await Promise.all([
            terminateSessions(admin, random, tortureMs),
            abortTransactions(admin, random, tortureMs),
          ]);
        },
      });
      await letGo();
      await admin.end();
      await drop();
      expect(violations.slice(0, 20)).toEqual([]);
      expect(events).toBeGreaterThan(100);
      expect(terminated).toBeGreaterThan(10);
      // Whether an answer is lost in so short a time is up to chance.
      const outcomes = attempts.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(expect.arrayContaining(["appended", "recorded", "refused"]));
    },
  );
});
