import { TidemarkError } from "../errors.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { AppendOptions, AppendOutcome, EventStore } from "../event-store/event-store.ts";
import type { ExpectedRevision } from "../event-store/expected-revision.ts";

const maxAttempts = 5;

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
  options: AppendOptions & { readonly expectedRevision: ExpectedRevision },
): Promise<AppendOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await store.append(streamId, events, options);
      if (attempt === 1 || (outcome.status !== "conflict" && outcome.status !== "duplicate-event"))
        return outcome;
      return (await alreadyStored(store, streamId, events, options)) ?? outcome;
    } catch (error) {
      const unknown = error instanceof TidemarkError && error.code === "outcome-unknown";
      if (!unknown || attempt === maxAttempts) throw error;
    }
  }
}

async function alreadyStored(
  store: EventStore,
  streamId: string,
  events: readonly EventToAppend[],
  options: AppendOptions & { readonly expectedRevision: ExpectedRevision },
): Promise<AppendOutcome | null> {
  const { expectedRevision, tenant } = options;
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
