import { createPool } from "@tidemark/schema-registry/postgres";
import type { StoredEvent } from "@tidemark/framework";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import {
  abortTransactions,
  delayCommits,
  plantSequencePositions,
  terminateSessions,
} from "./disturbances.ts";
import { findViolations, type WriterOutcomes } from "./find-violations.ts";
import { Follower } from "./follower.ts";

const seconds = Number(process.env["TORTURE_SECONDS"] ?? 5);
const processes = 4;
const writersEach = 4;
const writerFile = fileURLToPath(new URL("./writer.mjs", import.meta.url));

interface TortureReport {
  readonly violations: readonly string[];
  readonly events: number;
  readonly unknown: number;
  readonly refused: number;
  readonly terminated: number;
}

async function torture(options: {
  readonly milliseconds: number;
  readonly planted: boolean;
}): Promise<TortureReport> {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  const { connectionString } = database;
  const admin = createPool({ connectionString, max: 3, applicationName: "torture" });
  // Without the lock commits overlap, and slow ones show a reader what it must never see.
  await delayCommits(admin, { longestMs: options.planted ? 60 : 4 });
  if (options.planted) await plantSequencePositions(admin);
  const stores = [
    await openStore({ connectionString, pollIntervalMs: 100 }),
    await openStore({ connectionString, wakeup: "poll", pollIntervalMs: 20 }),
  ];
  const followers = stores.map((store) => new Follower(store));
  const disturbing = new AbortController();
  const disturbances = options.planted
    ? null
    : Promise.all([terminateSessions(admin, disturbing.signal), abortTransactions(admin, disturbing.signal)]);
  const outcomes = await runWriters(connectionString, options.milliseconds);
  disturbing.abort();
  const [terminated = 0] = (await disturbances) ?? [];

  const log: StoredEvent[] = [];
  const [reader] = stores;
  for await (const { events } of reader?.readAll() ?? []) log.push(...events);
  const head = log.at(-1)?.position ?? 0n;
  for (const follower of followers)
    await waitFor(() => follower.scannedTo >= head, { what: "a follower at the head" });
  for (const follower of followers) await follower.stop();
  for (const store of stores) await store.close();
  await admin.end();
  await database.drop();
  return {
    violations: findViolations(log, outcomes, followers),
    events: log.length,
    unknown: outcomes.unknown.length,
    refused: outcomes.refused.length,
    terminated,
  };
}

async function runWriters(connectionString: string, milliseconds: number): Promise<WriterOutcomes> {
  const names = Array.from({ length: processes }, (_, n) => `Writer${n}`);
  const writers = names.map((name) =>
    spawnNode(writerFile, [connectionString, String(writersEach), String(milliseconds), name]),
  );
  const outcomes: WriterOutcomes[] = [];
  for (const writer of writers) {
    const [, json = ""] = await writer.waitForLine(/^outcomes (.*)$/, { timeoutMs: milliseconds + 40_000 });
    outcomes.push(JSON.parse(json));
  }
  return {
    appended: outcomes.flatMap(({ appended }) => appended),
    unknown: outcomes.flatMap(({ unknown }) => unknown),
    refused: outcomes.flatMap(({ refused }) => refused),
  };
}

test(
  "16 connections of 4 processes append while sessions die: each event once, in order, none missing",
  { timeout: seconds * 1_000 + 60_000 },
  async () => {
    const report = await torture({ milliseconds: seconds * 1_000, planted: false });
    expect(report.violations.slice(0, 20)).toEqual([]);
    expect(report.events).toBeGreaterThan(100);
    expect(report.terminated).toBeGreaterThan(10);
    expect(report.refused).toBeGreaterThan(0);
  },
);

test("the torture test finds positions that are given outside the lock", { timeout: 60_000 }, async () => {
  const { violations } = await torture({ milliseconds: 2_000, planted: true });
  expect(violations.some((violation) => violation.startsWith("missed:"))).toBe(true);
  expect(violations.some((violation) => violation.startsWith("gap:"))).toBe(true);
});
