import type { StoredEvent } from "@tidemark/framework";
import type { Follower } from "./follower.ts";

/** What became of the events of all writers, by their ids. */
export interface WriterOutcomes {
  readonly appended: readonly string[];
  /** The connection broke and there was no key to ask with. */
  readonly unknown: readonly string[];
  /** Certainly not written. */
  readonly refused: readonly string[];
}

/** Every broken promise of the store, in words; empty when it kept them all. */
export function findViolations(
  log: readonly StoredEvent[],
  outcomes: WriterOutcomes,
  followers: readonly Follower[],
): string[] {
  return [
    ...positionViolations(log),
    ...streamViolations(log),
    ...outcomeViolations(log, outcomes),
    ...followers.flatMap((follower, index) => followerViolations(log, follower, index)),
  ];
}

function positionViolations(log: readonly StoredEvent[]): string[] {
  return log.flatMap(({ position, recordedAt }, index) => {
    const found: string[] = [];
    if (position !== BigInt(index + 1)) found.push(`gap: event ${index + 1} has position ${position}`);
    const before = log[index - 1];
    if (before !== undefined && before.recordedAt > recordedAt)
      found.push(`time: runs backwards at ${position}`);
    return found;
  });
}

function streamViolations(log: readonly StoredEvent[]): string[] {
  const next = new Map<string, bigint>();
  return log.flatMap(({ streamId, revision }) => {
    const expected = next.get(streamId) ?? 0n;
    next.set(streamId, revision + 1n);
    return revision === expected ? [] : [`revision: ${streamId} has ${revision} where ${expected} belongs`];
  });
}

function outcomeViolations(log: readonly StoredEvent[], outcomes: WriterOutcomes): string[] {
  const counts = new Map<string, number>();
  for (const { eventId } of log) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
  const count = (id: string) => counts.get(id) ?? 0;
  const known = new Set([...outcomes.appended, ...outcomes.unknown, ...outcomes.refused]);
  return [
    ...outcomes.appended
      .filter((id) => count(id) !== 1)
      .map((id) => `acknowledged: ${count(id)} times in the log: ${id}`),
    ...outcomes.unknown
      .filter((id) => count(id) > 1)
      .map((id) => `unknown: ${count(id)} times in the log: ${id}`),
    ...outcomes.refused.filter((id) => count(id) > 0).map((id) => `refused: in the log all the same: ${id}`),
    ...log
      .filter(({ eventId }) => !known.has(eventId))
      .map(({ eventId }) => `foreign: nobody appended ${eventId}`),
  ];
}

function followerViolations(log: readonly StoredEvent[], { seen }: Follower, index: number): string[] {
  const ids = new Set(seen.map(({ eventId }) => eventId));
  const found = log
    .filter(({ eventId }) => !ids.has(eventId))
    .map(({ position }) => `missed: follower ${index} did not see ${position}`);
  if (ids.size !== seen.length)
    found.push(`repeated: follower ${index} saw ${seen.length - ids.size} events twice`);
  const disordered = seen.some(({ position }, place) => position <= (seen[place - 1]?.position ?? 0n));
  if (disordered) found.push(`order: follower ${index} saw positions run backwards`);
  return found;
}
