import { createPool } from "@tidemark/schema-registry/postgres";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { disturbCommits } from "./disturbances.ts";
import { plantSeparateKeys, plantSequencePositions } from "./plant-faults.ts";
import { rounds } from "./rounds.ts";
import { torture } from "./torture.ts";

/** The kinds of violations that are found once the fault is in. */
async function kindsFound(
  seed: number,
  plant: (pool: pg.Pool) => Promise<void>,
  longestMs: number,
): Promise<Set<string>> {
  const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
  const admin = createPool({ connectionString, max: 1, applicationName: "torture" });
  await disturbCommits(admin, { longestMs });
  await plant(admin);
  const { violations } = await torture({ connectionString, seed, during: () => delay(2_000) });
  await admin.end();
  await drop();
  return new Set(violations.map((violation) => violation.split(":")[0] ?? ""));
}

describe.each(rounds)("a planted fault is found: round $round, seed $seed", ({ seed }) => {
  test("positions are given before the lock is taken", { timeout: 60_000 }, async () => {
    // Slow commits show a reader what it must never see.
    const kinds = await kindsFound(seed, plantSequencePositions, 40);
    expect(kinds).toContain("missed");
    expect(kinds).toContain("gap");
  });

  test("the idempotency key is written outside the transaction", { timeout: 60_000 }, async () => {
    expect(await kindsFound(seed, plantSeparateKeys, 1)).toContain("key");
  });
});
