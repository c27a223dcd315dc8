import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { AppendOptions, AppendOutcome, EventStore } from "../event-store/event-store.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";

const firstRetryDelayMs = 20;
const longestRetryDelayMs = 1_000;

interface SettledAppendOptions extends AppendOptions {
  readonly expectedRevision: ExpectedRevision;
  /** How long an unknown outcome is asked for, in milliseconds; default 30,000. */
  readonly settleMs?: number;
}

/**
 * Appends, and settles an outcome that a lost connection left unknown: the same event ids are appended again at
 * the same expected revision, so either this attempt stores them or the stream shows that the first one did.
 *
 * @throws TidemarkError `outcome-unknown` when the store stays out of reach.
 */
export async function appendSettled(
  store: EventStore,
  streamId: string,
  events: readonly EventToAppend[],
  { settleMs = 30_000, ...options }: SettledAppendOptions,
): Promise<AppendOutcome> {
  const deadline = performance.now() + settleMs;
  let lost: unknown = null;
  for (let wait = firstRetryDelayMs; ; wait = Math.min(wait * 2, longestRetryDelayMs)) {
    try {
      const outcome = await store.append(streamId, events, options);
      if (lost === null || (outcome.status !== "conflict" && outcome.status !== "duplicate-event"))
        return outcome;
      return (await alreadyStored(store, streamId, events, options)) ?? outcome;
    } catch (error) {
      // Once an answer is lost, no later failure to ask can tell what became of the append.
      if (lost === null && !hasCode(error, "outcome-unknown")) throw error;
      lost ??= error;
      const asksAgain = hasCode(error, "outcome-unknown") || hasCode(error, "store-unavailable");
      if (!asksAgain || performance.now() + wait > deadline) throw lost;
    }
    await delay(wait);
  }
}

function hasCode(error: unknown, code: "outcome-unknown" | "store-unavailable"): boolean {
  return error instanceof TidemarkError && error.code === code;
}

async function alreadyStored(
  store: EventStore,
  streamId: string,
  events: readonly EventToAppend[],
  { expectedRevision, tenant }: Omit<SettledAppendOptions, "settleMs">,
): Promise<AppendOutcome | null> {
  const from = typeof expectedRevision === "bigint" ? expectedRevision + 1n : 0n;
  let position: bigint | null = null;
  let revision: bigint | null = null;
  let matched = 0;
  const range = { from, limit: events.length, ...(tenant === undefined ? {} : { tenant }) };
  for await (const stored of store.readStream(streamId, range)) {
    if (stored.eventId !== events[matched]?.eventId) return null;
    matched += 1;
    ({ position, revision } = stored);
  }
  return matched === events.length ? { status: "appended", revisions: [revision], position } : null;
}
