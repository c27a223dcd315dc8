import type { EventData } from "@eventstore/db-client";
import { randomUUID } from "node:crypto";
import { binaryEvent, jsonEvent } from "./client-library.ts";

/** A stream name that no other case, file or run uses. */
export function uniqueStream(label = "case"): string {
  return `tmspec_${label}-${randomUUID()}`;
}

/** Events `{ n: from }`, `{ n: from + 1 }`, ... of one type. */
export function numberedEvents(count: number, options: { type?: string; from?: number } = {}): EventData[] {
  const { type = "counted", from = 0 } = options;
  return Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { n: from + index } }));
}

/** A link to an event, as the server's projections write it. */
export function linkTo(stream: string, revision: bigint | number): EventData {
  return binaryEvent({ type: "$>", data: Buffer.from(`${revision}@${stream}`) });
}
