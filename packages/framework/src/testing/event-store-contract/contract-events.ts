import { createHash, randomUUID } from "node:crypto";
import type { EventSchema } from "../../event/event-schema.ts";
import type { EventToAppend, StoredEvent } from "../../event/stored-event.ts";
import type {
  AppendOutcome,
  EventPage,
  EventStore,
  ReadStreamOptions,
} from "../../event-store/event-store.ts";

/** An event with ids of its own; the suite never decodes the bytes. */
export function contractEvent(overrides: Partial<EventToAppend> = {}): EventToAppend {
  const type = overrides.type ?? "contract.Happened";
  return {
    eventId: randomUUID(),
    type,
    eventVersion: 1,
    schema: contractSchema(type),
    data: Buffer.from("data"),
    correlationId: null,
    causationId: null,
    meta: Buffer.from([0, 0, 0]),
    ...overrides,
  };
}

export function contractEvents(count: number, overrides: Partial<EventToAppend> = {}): EventToAppend[] {
  return Array.from({ length: count }, () => contractEvent(overrides));
}

export function contractSchema(recordName: string): EventSchema {
  const text = JSON.stringify({ type: "record", name: recordName, fields: [] });
  return { sha256: createHash("sha256").update(text).digest("hex"), text, subject: recordName, version: 1 };
}

export async function collectStream(
  store: EventStore,
  streamId: string,
  options: ReadStreamOptions = {},
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of store.readStream(streamId, options)) events.push(event);
  return events;
}

export async function collectPages(pages: AsyncIterable<EventPage>): Promise<EventPage[]> {
  const collected: EventPage[] = [];
  for await (const page of pages) collected.push(page);
  return collected;
}

export async function collectLog(pages: AsyncIterable<EventPage>): Promise<StoredEvent[]> {
  return (await collectPages(pages)).flatMap(({ events }) => events);
}

/** The outcome of an append that must have succeeded. */
export function appended(outcome: AppendOutcome): AppendOutcome & { readonly status: "appended" } {
  if (outcome.status === "appended") return outcome;
  throw new Error(`expected an append to succeed, it ended with ${outcome.status}`);
}

export function idsOf(events: readonly { readonly eventId: string }[]): string[] {
  return events.map(({ eventId }) => eventId);
}

/** Two types in two categories, one event an append: `ledger.A` and `ledger.B` in turn. */
export async function appendMixed(store: EventStore, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const category = n % 4 < 2 ? "account" : "entry";
    appended(
      await store.append(`${category}-${n}`, [
        contractEvent({ type: n % 2 === 0 ? "ledger.A" : "ledger.B" }),
      ]),
    );
  }
}

/** The position of the event at this place of a log. */
export function positionAt(events: readonly StoredEvent[], index: number): bigint {
  const event = events.at(index);
  if (event === undefined) throw new Error(`no event at ${index}`);
  return event.position;
}
