import type { StoredEvent } from "../../event/stored-event.ts";
import { decodeEvents, eventColumns, type EventRow } from "./event-row.ts";
import type { LogReader } from "./log-reader.ts";

/** The events at exactly these positions, in order of position, whatever their tenant. */
export async function readEventsAt(
  { connections, catalogue, schema }: LogReader,
  positions: readonly bigint[],
  signal?: AbortSignal,
): Promise<readonly StoredEvent[]> {
  if (positions.length === 0) return [];
  const rows = await connections.query<EventRow>(
    {
      name: "tidemark_events_at",
      text: `select ${eventColumns} from (
               select e.*, s.stream_id from ${schema}.events e join ${schema}.streams s using (stream_no)
               where e.position = any ($1::bigint[])
             ) e order by e.position`,
      values: [positions.map(String)],
    },
    signal,
  );
  return decodeEvents(rows, catalogue, signal);
}
