import { randomInt } from "node:crypto";

/** `npm run test:chaos` runs the long form of everything; each part can be set by itself. */
export const isLong =
  process.env["npm_lifecycle_event"] === "test:chaos" || process.env["CHAOS_LONG"] === "1";

function setting(name: string, short: number, long: number): number {
  return Number(process.env[name] ?? (isLong ? long : short));
}

const killsARound = 5;
const firstSeed = Number(process.env["CHAOS_SEED"] ?? randomInt(2 ** 31));

/**
 * `CHAOS_ROUNDS` projectors are killed (20, or 200 in the long form), five to a round. The name of a test says its
 * seed; `CHAOS_SEED=<seed>` makes the first round choose the same again (the database and the machine still choose
 * their own moments).
 */
export const killRounds = Array.from(
  { length: Math.ceil(setting("CHAOS_ROUNDS", 20, 200) / killsARound) },
  (_, index) => ({ round: index + 1, seed: firstSeed + index, kills: killsARound }),
);

/** For what is done once, and ten times in the long form. */
export const fewRounds = roundsOf(setting("CHAOS_REPEATS", 1, 10));

/** For what the long form makes long instead of repeating it. */
export const longRounds = roundsOf(setting("CHAOS_REPEATS", 1, 1));

function roundsOf(length: number): readonly { readonly round: number; readonly seed: number }[] {
  return Array.from({ length }, (_, index) => ({ round: index + 1, seed: firstSeed + index }));
}

/** How long the database or a service is away: `CHAOS_OUTAGE_SECONDS`, by default 2, or 300 in the long form. */
export const outageMs = 1_000 * setting("CHAOS_OUTAGE_SECONDS", 2, 300);

/** How long more is written than can be handled: `CHAOS_OVERLOAD_SECONDS`, by default 5, or 30 in the long form. */
export const overloadMs = 1_000 * setting("CHAOS_OVERLOAD_SECONDS", 5, 30);
