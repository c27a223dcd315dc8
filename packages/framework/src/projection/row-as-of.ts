import { TidemarkError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { AnyRow, FoldProjection } from "./any-projection.ts";
import { keyText, withKey } from "./row-key.ts";

/**
 * One row as it was at a position, by reading the projection's events up to there and folding those of its key.
 *
 * @throws TidemarkError `validation-failed` for a position beyond the end of the log.
 */
export async function rowAsOf(
  projection: FoldProjection,
  key: unknown,
  position: bigint,
  log: {
    readonly eventStore: EventStore;
    readonly serializer: EventSerializer;
    readonly signal: AbortSignal | undefined;
  },
): Promise<AnyRow | null> {
  const { eventStore, serializer, signal } = log;
  const parts = projection.keyParts(key);
  const wanted = keyText(parts);
  const head = await eventStore.head();
  if (position < 0n || position > head) {
    const message = `must be from 0 to ${head}, the end of the log`;
    throw new TidemarkError("validation-failed", `The position ${message}.`, {
      errors: [{ field: "position", rule: "range", message }],
    });
  }
  let row: AnyRow | null = null;
  const filter = { types: projection.events.map(({ recordName }) => recordName) };
  const reading = { upTo: position, filter, ...(signal === undefined ? {} : { signal }) };
  if (position === 0n) return null;
  for await (const page of eventStore.readAll(reading)) {
    const events = await serializer.decodeAll(page.events, (sha256) => eventStore.schema(sha256));
    for (const event of events) {
      if (!projection.keysOf(event).some((touched) => keyText(touched) === wanted)) continue;
      const next = projection.foldRow(row ?? undefined, event, parts);
      row = next === null ? null : withKey(projection.table, next, parts);
    }
  }
  return row;
}
