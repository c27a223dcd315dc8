import { createHash, randomUUID } from "node:crypto";
import type { EventSchema, EventToAppend } from "@tidemark/framework";

/** An event as it reaches a store; the bytes mean nothing. */
function sampleEvent(overrides: Partial<EventToAppend> = {}): EventToAppend {
  const type = overrides.type ?? "sample.Happened";
  return {
    eventId: randomUUID(),
    type,
    eventVersion: 1,
    schema: sampleSchema(type),
    data: Buffer.from("some data"),
    correlationId: null,
    causationId: null,
    meta: Buffer.from([0, 0, 0]),
    ...overrides,
  };
}

export function sampleEvents(count: number, overrides: Partial<EventToAppend> = {}): EventToAppend[] {
  return Array.from({ length: count }, () => sampleEvent(overrides));
}

function sampleSchema(recordName: string): EventSchema {
  const text = JSON.stringify({ type: "record", name: recordName, fields: [] });
  return { sha256: createHash("sha256").update(text).digest("hex"), text, subject: recordName, version: 1 };
}
