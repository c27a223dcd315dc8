import type { RecordedEvent } from "../event/recorded-event.ts";
import { formatConsistencyToken } from "../event-store/consistency-token.ts";
import type { EventStore } from "../event-store/event-store.ts";

/** What a command that was not refused leads to. */
export interface CommandResult {
  readonly aggregateId: string;
  /** Last revision of the stream after the command; `-1n` while it has no events. */
  readonly revision: bigint;
  /** Position of the command's last event, or of the stream's last one when there was nothing to record. */
  readonly position: bigint;
  /** The events of this command as recorded; empty when it changed nothing. */
  readonly events: readonly NewlyRecordedEvent[];
  /** Give it to a query to see this write. */
  readonly consistencyToken: string;
  /** True when an idempotency key or an event id showed that this had been done before. */
  readonly replayed: boolean;
}

/** What the writer of an event knows of it without reading it back. */
export type NewlyRecordedEvent = Pick<RecordedEvent, "type" | "data" | "eventId" | "revision">;

/** The result with the token that names its write in this store. */
export function commandResult(
  { storeId }: Pick<EventStore, "storeId">,
  result: Omit<CommandResult, "consistencyToken">,
): CommandResult {
  return { ...result, consistencyToken: formatConsistencyToken(storeId, result.position) };
}
