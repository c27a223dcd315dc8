import type { StoredEvent } from "@tidemark/framework";
import type { Attempt } from "./attempt.ts";

/** What writers were told and the log does not bear out. */
export function attemptViolations(log: readonly StoredEvent[], attempts: readonly Attempt[]): string[] {
  const found: string[] = [];
  const stored = storedById(log);
  if (stored.size !== log.length)
    found.push(`twice: ${log.length - stored.size} events are in the log again`);
  const known = new Set<string>();
  for (const attempt of attempts) {
    const ids = eventIdsOf(attempt);
    for (const id of ids) known.add(id);
    const present = ids.filter((id) => stored.has(id)).length;
    const told = `${attempt.outcome}: ${attempt.id} has ${present} of ${ids.length} events in the log`;
    const written = isWritten(attempt);
    if (present > 0 && present < ids.length) found.push(`torn: ${told}`);
    if (written === true && present === 0) found.push(`lost: ${told}`);
    if (written === false && present > 0) found.push(`refused: ${told}`);
    if (attempt.outcome === "appended") found.push(...answerViolations(attempt, stored));
    if (attempt.outcome === "failed") found.push(`error: ${attempt.id} got ${attempt.error}`);
  }
  for (const id of stored.keys()) if (!known.has(id)) found.push(`foreign: nobody appended ${id}`);
  return found;
}

/** Keys that did not yield exactly one append, or answered with another one than theirs. */
export function keyViolations(log: readonly StoredEvent[], attempts: readonly Attempt[]): string[] {
  const stored = storedById(log);
  const byKey = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    if (attempt.key !== null) byKey.set(attempt.key, [...(byKey.get(attempt.key) ?? []), attempt]);
  }
  return [...byKey].flatMap(([key, sharing]) => {
    const found: string[] = [];
    const winners = sharing.filter((attempt) => eventIdsOf(attempt).some((id) => stored.has(id)));
    if (winners.length > 1) found.push(`key: ${key} appended ${winners.length} times`);
    const strange = sharing.filter(
      ({ outcome, recordedBy }) => outcome === "recorded" && !winners.some(({ id }) => id === recordedBy),
    );
    for (const { id, recordedBy } of strange)
      found.push(`key: ${key} told ${id} of ${recordedBy}, which is not in the log`);
    return found;
  });
}

/** Whether the writer may rely on its events being there (true) or not (false); undefined when nobody told it. */
function isWritten({ outcome, id, recordedBy }: Attempt): boolean | undefined {
  switch (outcome) {
    case "appended":
      return true;
    case "recorded":
      return recordedBy === id;
    case "refused":
      return false;
    default:
      return undefined;
  }
}

function answerViolations(attempt: Attempt, stored: ReadonlyMap<string, StoredEvent>): string[] {
  const last = attempt.streams.map(({ eventIds }) => stored.get(eventIds.at(-1) ?? ""));
  const position = last.at(-1)?.position.toString();
  const revisions = last.map((event) => event?.revision.toString());
  if (position === attempt.position && revisions.join() === attempt.revisions?.join()) return [];
  const told = `position ${attempt.position}, revisions ${attempt.revisions?.join()}`;
  return [`answer: ${attempt.id} was told ${told}, the log has ${position} and ${revisions.join()}`];
}

function storedById(log: readonly StoredEvent[]): Map<string, StoredEvent> {
  return new Map(log.map((event) => [event.eventId, event]));
}

function eventIdsOf({ streams }: Attempt): string[] {
  return streams.flatMap(({ eventIds }) => eventIds);
}
