import type { StoredEvent } from "@tidemark/framework";
import type { Attempt } from "./attempt.ts";
import { attemptViolations, keyViolations } from "./attempt-violations.ts";
import type { Follower } from "./follower.ts";

/** What happened, from all sides. */
export interface History {
  readonly log: readonly StoredEvent[];
  readonly attempts: readonly Attempt[];
  readonly followers: readonly Follower[];
}

/** Every broken promise of the store, in words that begin with its kind; empty when it kept them all. */
export function findViolations({ log, attempts, followers }: History): string[] {
  return [
    ...positionViolations(log),
    ...streamViolations(log),
    ...claimViolations(log),
    ...attemptViolations(log, attempts),
    ...keyViolations(log, attempts),
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

/** A claim names the one before it: the condition of its append says that there is none in between. */
function claimViolations(log: readonly StoredEvent[]): string[] {
  const claims = log.filter(({ type }) => type === "torture.Claim");
  return claims.flatMap(({ position, data }, index) => {
    const named = Buffer.from(data).toString();
    const before = claims[index - 1]?.position ?? 0n;
    return named === before.toString()
      ? []
      : [`condition: the claim at ${position} names ${named}, before it is ${before}`];
  });
}

function followerViolations(
  log: readonly StoredEvent[],
  { seen, filter, refusal }: Follower,
  index: number,
): string[] {
  const wanted = log.filter(({ type }) => filter.types === undefined || filter.types.includes(type));
  const places = new Map(seen.map(({ eventId, position }) => [eventId, position]));
  const found = wanted
    .filter(({ eventId, position }) => places.get(eventId) !== position)
    .map(({ position }) => `missed: follower ${index} did not see ${position}`);
  if (places.size !== seen.length)
    found.push(`repeated: follower ${index} saw ${seen.length - places.size} events twice`);
  if (places.size > wanted.length)
    found.push(`vanished: follower ${index} saw ${places.size} events, the log has ${wanted.length}`);
  const disordered = seen.some(({ position }, place) => position <= (seen[place - 1]?.position ?? 0n));
  if (refusal !== null) found.push(`refused: follower ${index}: ${refusal}`);
  if (disordered) found.push(`order: follower ${index} saw positions run backwards`);
  return found;
}
