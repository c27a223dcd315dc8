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

/**
 * Makes sure that a checkpoint belongs to this log: a restored backup or another cluster would otherwise skip
 * events without a word.
 *
 * @throws TidemarkError `log-diverged`.
 */
export async function compareWithLog(
  eventStore: EventStore,
  subscription: string,
  checkpoint: Checkpoint,
): Promise<void> {
  if (checkpoint.storeId !== eventStore.storeId) {
    diverged(
      subscription,
      checkpoint,
      `was made by event store ${checkpoint.storeId}, this one is ${eventStore.storeId}`,
    );
  }
  if (checkpoint.position === 0n) return;
  const eventId = await eventStore.eventIdAt(checkpoint.position);
  if (eventId === checkpoint.eventId) return;
  const found = eventId === null ? "the log has no such position" : `the log has event ${eventId} there`;
  diverged(subscription, checkpoint, `names event ${checkpoint.eventId}, but ${found}`);
}

function diverged(subscription: string, { position }: Checkpoint, reason: string): never {
  throw new TidemarkError(
    "log-diverged",
    `The checkpoint of ${subscription} at position ${position} ${reason}: the event store was restored or replaced. ` +
      "Connect the right store, or rebuild this projection from zero.",
    { details: { subscription, position: String(position) } },
  );
}
