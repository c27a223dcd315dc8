import type { LogRecord } from "./log-record.ts";
import { tombstoneRevision } from "./node-log.ts";
import type { Protocol, streams } from "./protocol.ts";
import type { ResolvedRecord } from "./resolve-link.ts";
import { streamIdentifier } from "./stream-name.ts";
import { uuidMessage } from "./uuid-wire.ts";

/** The messages of a read, encoded. */
export interface ReadResponses {
  event(resolved: ResolvedRecord, structuredIds: boolean): Buffer;
  confirmation(subscriptionId: string): Buffer;
  checkpoint(position: number): Buffer;
  caughtUp(): Buffer;
  streamNotFound(stream: string): Buffer;
}

/** Revision as it is written on the wire. */
function wireRevision(revision: number): string {
  return revision === tombstoneRevision ? "9223372036854775807" : String(revision);
}

/** The record as a message; persistent subscriptions have a class of their own with the same fields. */
export function fillRecordedEvent<
  T extends Pick<
    streams.ReadResp.ReadEvent.RecordedEvent,
    | "setId"
    | "setStreamIdentifier"
    | "setStreamRevision"
    | "setCommitPosition"
    | "setPreparePosition"
    | "getMetadataMap"
    | "setCustomMetadata"
    | "setData"
  >,
>(protocol: Protocol, message: T, record: LogRecord, structuredIds: boolean): T {
  message.setId(uuidMessage(protocol, record.id, structuredIds));
  message.setStreamIdentifier(streamIdentifier(protocol, record.stream));
  message.setStreamRevision(wireRevision(record.revision));
  message.setCommitPosition(String(record.position));
  message.setPreparePosition(String(record.position));
  message.setCustomMetadata(record.customMetadata);
  message.setData(record.data);
  message
    .getMetadataMap()
    .set("type", record.type)
    .set("content-type", record.contentType)
    // Ticks of 100 ns.
    .set("created", `${Math.trunc(record.created)}0000`);
  return message;
}

export function createReadResponses(protocol: Protocol): ReadResponses {
  const { ReadResp } = protocol.streams;
  const encode = (message: streams.ReadResp) => Buffer.from(message.serializeBinary());
  // A record is read many times and never changes. The weak keys let a reset free the bytes.
  const plainEvents = new WeakMap<LogRecord, Buffer>();
  const caughtUp = encode(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));

  const recorded = (record: LogRecord, structuredIds: boolean) =>
    fillRecordedEvent(protocol, new ReadResp.ReadEvent.RecordedEvent(), record, structuredIds);

  function encodeEvent({ event, link }: ResolvedRecord, structuredIds: boolean): Buffer {
    const message = new ReadResp.ReadEvent();
    if (event !== undefined) message.setEvent(recorded(event, structuredIds));
    if (link !== undefined) message.setLink(recorded(link, structuredIds));
    const position = (link ?? event)?.position;
    if (position !== undefined) message.setCommitPosition(String(position));
    return encode(new ReadResp().setEvent(message));
  }

  return {
    event(resolved, structuredIds) {
      if (structuredIds || resolved.link !== undefined || resolved.event === undefined) {
        return encodeEvent(resolved, structuredIds);
      }
      let encoded = plainEvents.get(resolved.event);
      if (encoded === undefined) {
        encoded = encodeEvent(resolved, false);
        plainEvents.set(resolved.event, encoded);
      }
      return encoded;
    },
    confirmation: (id) =>
      encode(new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(id))),
    checkpoint: (position) =>
      encode(
        new ReadResp().setCheckpoint(
          new ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
        ),
      ),
    caughtUp: () => caughtUp,
    streamNotFound: (stream) =>
      encode(
        new ReadResp().setStreamNotFound(
          new ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(protocol, stream)),
        ),
      ),
  };
}
