import { randomUUID } from "node:crypto";
import type { NodeLog } from "../node-log.ts";
import { metastreamOf } from "../stream-metadata.ts";

/** Where a group's last checkpoint is kept: a stream of the log. */
export interface SubscriptionCheckpoint {
  /** The place of the last event that is done with all before it, or undefined. */
  read(): string | undefined;
  write(place: string): void;
  delete(): void;
}

export function subscriptionCheckpoint(log: NodeLog, key: string): SubscriptionCheckpoint {
  const stream = `$persistentsubscription-${key}-checkpoint`;
  const append = (to: string, type: string, value: unknown) =>
    log.append(to, "any", [
      {
        id: randomUUID(),
        type,
        contentType: "application/json",
        data: Buffer.from(JSON.stringify(value), "utf8"),
        customMetadata: new Uint8Array(),
      },
    ]);
  return {
    read() {
      const readable = log.read(stream);
      const record = readable.state === "readable" ? readable.recordAt(readable.last) : undefined;
      if (record === undefined) return undefined;
      const place: unknown = JSON.parse(Buffer.from(record.data).toString("utf8"));
      return typeof place === "string" ? place : undefined;
    },
    write(place) {
      if (log.read(stream).state === "missing") append(metastreamOf(stream), "$metadata", { $maxCount: 2 });
      append(stream, "$SubscriptionCheckpoint", place);
    },
    delete: () => void log.softDelete(stream, "any"),
  };
}
