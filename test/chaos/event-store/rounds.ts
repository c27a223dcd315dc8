import { randomInt } from "node:crypto";

const count = Number(process.env["TORTURE_ROUNDS"] ?? 1);
const firstSeed = Number(process.env["TORTURE_SEED"] ?? randomInt(2 ** 31));

/**
 * Every test of the folder runs once a round. `TORTURE_ROUNDS=20 npm run test:chaos` runs each 20 times and stops at the
 * first failure, whose name says the seed; `TORTURE_SEED=<seed>` makes the first round choose the same again (the
 * database and the machine still choose their own moments).
 */
export const rounds = Array.from({ length: count }, (_, index) => ({
  round: index + 1,
  seed: firstSeed + index,
}));

/** How long writers write in one test, in milliseconds: `TORTURE_SECONDS`, by default 3. */
export const tortureMs = 1_000 * Number(process.env["TORTURE_SECONDS"] ?? 3);

/** How many appends a snapshot is held open over: `TORTURE_SNAPSHOT_APPENDS`, by default 100,000. */
export const snapshotAppends = Number(process.env["TORTURE_SNAPSHOT_APPENDS"] ?? 100_000);
