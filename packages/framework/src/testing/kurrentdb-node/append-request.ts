import type { ExpectedRevision } from "./append-check.ts";
import type { ProposedRecord } from "./log-record.ts";
import type { AppendLimits } from "./node-service.ts";
import type { shared } from "./protocol.ts";
import { uuidText } from "./uuid-wire.ts";

/** The rules and revision that a request may expect; the requests' messages agree in these names. */
interface RevisionOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** The expected revision of a request; `revision` is the number when it has one. */
export function expectedRevision(options: RevisionOptions, revision: string | undefined): ExpectedRevision {
  if (options.hasAny()) return "any";
  if (options.hasStreamExists()) return "stream-exists";
  if (options.hasNoStream() || revision === undefined) return -1;
  return Number(revision);
}

interface ProposedMessage {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
}

/** The event in a request, or the name of the property that its metadata lacks. */
export function proposedRecord(message: ProposedMessage): ProposedRecord | string {
  const map = message.getMetadataMap();
  const type = map.get("type");
  const contentType = map.get("content-type");
  if (type === undefined || type === "") return "type";
  if (contentType === undefined || contentType === "") return "content-type";
  return {
    id: uuidText(message.getId()),
    type,
    contentType,
    data: message.getData_asU8(),
    customMetadata: message.getCustomMetadata_asU8(),
  };
}

/** Size of an event by the server's count: two bytes a character of the type, data and metadata. */
function proposedSize(event: ProposedRecord): number {
  return 2 * event.type.length + event.data.length + event.customMetadata.length;
}

/** Which limit the events break, if any. */
export function brokenLimit(
  events: readonly ProposedRecord[],
  limits: AppendLimits,
): { readonly limit: "append" | "event"; readonly size: number } | undefined {
  let total = 0;
  for (const event of events) {
    const size = proposedSize(event);
    if (size > limits.maxEventSize) return { limit: "event", size };
    total += size;
  }
  return total > limits.maxAppendSize ? { limit: "append", size: total } : undefined;
}
