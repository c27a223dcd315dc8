import type { StoredEvent } from "../../event/stored-event.ts";
import { checkEventsAt } from "../../event-store/check-read-options.ts";
import { decodeEvents } from "./decode-events.ts";
import { eventColumns } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";

/** The events at exactly these positions, in order of position, whatever their tenant. */
export async function readEventsAt(
  reader: LogReader,
  positions: readonly bigint[],
  signal?: AbortSignal,
): Promise<readonly StoredEvent[]> {
  checkEventsAt(positions);
  if (positions.length === 0) return [];
  const text = `select ${eventColumns} from ${reader.schema}.events e
                where e.position = any ('{${positions.join()}}'::bigint[]) order by e.position`;
  const rows = await reader.connections.copy(text, signal);
  return decodeEvents(rows, reader, "everything", signal);
}
