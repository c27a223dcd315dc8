import { TidemarkError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";

/** How far a subscription has come, and in which log: the event at `position` must still be the one it was. */
export interface Checkpoint {
  readonly storeId: string;
  /** Everything up to here is done; `0n` is before the first event. */
  readonly position: bigint;
  /** `null` at `0n`. */
  readonly eventId: string | null;
}

/** The checkpoint at a position of this store's log. */
export async function checkpointAt(eventStore: EventStore, position: bigint): Promise<Checkpoint> {
  const eventId = position === 0n ? null : await eventStore.eventIdAt(position);
  return { storeId: eventStore.storeId, position, eventId };
}

/** A checkpoint, and what was handled beyond it before it was rewound. */
export interface MarkedCheckpoint extends Checkpoint {
  readonly replayUntil: bigint;
}

/** Whether a checkpoint belongs to this log, and what was handled before, too. */
export async function isOfLog(eventStore: EventStore, checkpoint: MarkedCheckpoint): Promise<boolean> {
  return (await differenceFrom(eventStore, checkpoint)) === null;
}

/**
 * Makes sure that a checkpoint belongs to this log: a restored backup or another cluster would otherwise skip
 * events without a word.
 *
 * @throws TidemarkError `log-diverged`.
 */
export async function compareWithLog(
  eventStore: EventStore,
  subscription: string,
  checkpoint: MarkedCheckpoint,
): Promise<void> {
  const difference = await differenceFrom(eventStore, checkpoint);
  if (difference !== null) diverged(subscription, checkpoint, difference);
}

/** What tells the checkpoint's log from this one; `null` for nothing. */
async function differenceFrom(eventStore: EventStore, checkpoint: MarkedCheckpoint): Promise<string | null> {
  const { storeId, position, eventId, replayUntil } = checkpoint;
  if (storeId !== eventStore.storeId)
    return `was made by event store ${storeId}, this one is ${eventStore.storeId}`;
  if (replayUntil > position) {
    // What is new in a log that has become shorter would be taken for what was handled.
    const head = await eventStore.head();
    if (replayUntil > head) return `is on its way back to ${replayUntil}, and the log ends at ${head}`;
  }
  if (position === 0n) return null;
  const found = await eventStore.eventIdAt(position);
  if (found === eventId) return null;
  const there = found === null ? "the log has no such position" : `the log has event ${found} there`;
  return `names event ${eventId}, but ${there}`;
}

function diverged(subscription: string, { position }: Checkpoint, reason: string): never {
  throw new TidemarkError(
    "log-diverged",
    `The checkpoint of ${subscription} at position ${position} ${reason}: the event store was restored or replaced. ` +
      "Connect the right store, rebuild this projection from zero, or let this subscription replay from a position that both logs have.",
    { details: { subscription, position: String(position) } },
  );
}
