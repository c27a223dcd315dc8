import { checkRules } from "../event/check-rules.ts";
import type { NewEvent } from "../event/define-event.ts";
import { emptyMetadata } from "../event/event-metadata.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/**
 * A new event as a reader would see it: checked by its rules, encoded as written, decoded, and upcast to the newest
 * version, which may make none or several of it.
 */
export function recordEvent(
  event: NewEvent,
  place: {
    readonly streamId: string;
    readonly revision: bigint;
    readonly position: bigint;
    readonly recordedAt: Date;
  },
): readonly RecordedEvent[] {
  const { definition } = event;
  checkRules(definition, event.data);
  const versions = definition.versions.filter(({ version }) => version >= definition.writeVersion);
  let payloads = versions.slice(0, 1).map(({ encode, decode }) => decode(encode(event.data)));
  for (const { upcast } of versions) if (upcast !== undefined) payloads = payloads.flatMap(upcast);
  return payloads.map((data) => ({
    type: definition.type,
    data,
    eventId: `00000000-0000-4000-8000-${String(place.position).padStart(12, "0")}`,
    aggregateId: place.streamId.slice(place.streamId.indexOf("-") + 1),
    correlationId: null,
    causationId: null,
    metadata: emptyMetadata,
    ...place,
  }));
}
