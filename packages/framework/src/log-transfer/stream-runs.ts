import type { EventSchema } from "../event/event-schema.ts";
import type { LogEvent } from "./log-entry.ts";

export interface ImportedEvent {
  readonly event: LogEvent;
  readonly schema: EventSchema;
}

/** Events of one stream that follow each other. */
interface StreamRun {
  readonly streamId: string;
  readonly events: readonly ImportedEvent[];
}

/**
 * Cuts events into appends that keep the order of the log: each names a stream once.
 *
 * @param several whether an append may name several streams
 */
export function streamRuns(
  events: readonly ImportedEvent[],
  several: boolean,
): readonly (readonly StreamRun[])[] {
  const parts: Map<string, ImportedEvent[]>[] = [];
  let last: string | null = null;
  for (const imported of events) {
    const { streamId } = imported.event;
    let part = parts.at(-1);
    const run = part?.get(streamId);
    if (run !== undefined && last === streamId) {
      run.push(imported);
      continue;
    }
    if (part === undefined || run !== undefined || !several) {
      part = new Map();
      parts.push(part);
    }
    part.set(streamId, [imported]);
    last = streamId;
  }
  return parts.map((part) => [...part].map(([streamId, own]) => ({ streamId, events: own })));
}
