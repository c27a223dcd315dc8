import type { LogRecord } from "../log-record.ts";

/** An event on its way through a group. */
export interface Message {
  /** What consumers acknowledge: the id of the link, or of the event when there is no link. */
  readonly id: string;
  readonly event: LogRecord | undefined;
  readonly link: LogRecord | undefined;
  /** Order among the messages read from the source; undefined for one that is replayed from the parked stream. */
  readonly sequence: number | undefined;
  /** Place in the source, and that of the message before: what a checkpoint says when this one is not done. */
  readonly place: string | undefined;
  readonly previousPlace: string | undefined;
  /** How often it was handed out before. */
  readonly retryCount: number;
}

/** The record that stands in the source. */
export function originalOf(message: Message): LogRecord {
  const record = message.link ?? message.event;
  if (record === undefined) throw new Error("a message has an event, a link or both");
  return record;
}
