import { randomUUID } from "node:crypto";
import type { LogRecord } from "../log-record.ts";
import type { NodeClock } from "../node-clock.ts";
import type { NodeLog } from "../node-log.ts";
import { metastreamOf } from "../stream-metadata.ts";
import { type Message, originalOf } from "./message.ts";

/** The parked messages of a group: a stream of links to them. */
export interface ParkedMessages {
  readonly count: number;
  park(message: Message, reason: string): void;
  /** The links below that revision of the parked stream, oldest first; all of them without one. */
  linksBefore(stopAt: number | undefined): LogRecord[];
  /** Forgets the links up to this one: they are handed out again. */
  forgetUntil(link: LogRecord): void;
  delete(): void;
}

export function parkedMessages(log: NodeLog, clock: NodeClock, key: string): ParkedMessages {
  const stream = `$persistentsubscription-${key}-parked`;
  const links = (stopAt = Infinity): LogRecord[] => {
    const readable = log.read(stream);
    const found: LogRecord[] = [];
    for (let revision = readable.first; revision <= Math.min(readable.last, stopAt - 1); revision++) {
      const link = readable.recordAt(revision);
      if (link !== undefined) found.push(link);
    }
    return found;
  };
  return {
    get count() {
      return links().length;
    },
    park(message, reason) {
      const { event, link } = message;
      const metadata = {
        added: new Date(clock.now()).toISOString(),
        reason,
        subscriptionEventNumber: originalOf(message).revision,
      };
      log.append(stream, "any", [
        {
          id: randomUUID(),
          type: "$>",
          contentType: "application/octet-stream",
          // A link whose event is gone is parked as it is.
          data:
            event === undefined
              ? (link?.data ?? new Uint8Array())
              : bytes(`${event.revision}@${event.stream}`),
          customMetadata: bytes(JSON.stringify(metadata)),
        },
      ]);
    },
    linksBefore: links,
    forgetUntil(link) {
      log.append(metastreamOf(stream), "any", [
        {
          id: randomUUID(),
          type: "$metadata",
          contentType: "application/json",
          data: bytes(JSON.stringify({ $tb: link.revision + 1 })),
          customMetadata: new Uint8Array(),
        },
      ]);
    },
    delete: () => void log.softDelete(stream, "any"),
  };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}
