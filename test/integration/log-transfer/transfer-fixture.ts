import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import {
  EventSerializer,
  exportLog,
  readJsonLines,
  toJsonLine,
  type EventStore,
  type ExportLogOptions,
  type LogEntry,
  type StoredEvent,
} from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { bankEvents, bankHistory } from "../../support/bank.ts";

export const serializer = new EventSerializer(bankEvents);
export const context = {
  correlationId: randomUUID(),
  causationId: null,
  metadata: { actor: "ada", traceparent: null, user: { reason: "test" } },
};

export async function filled(count: number, options: { seed?: number } = {}): Promise<EventStore> {
  const store = inMemoryEventStore();
  await store.open();
  for (const { account, event } of bankHistory(count, { accounts: 7, ...options })) {
    await store.append(`account-${account}`, [serializer.encode(event, randomUUID(), context)]);
  }
  return store;
}

export async function all(store: EventStore): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const page of store.readAll()) events.push(...page.events);
  return events;
}

/** What an import keeps. */
export function kept(events: readonly StoredEvent[]): unknown[] {
  return events.map(
    ({ eventId, streamId, type, eventVersion, schemaSha256, correlationId, causationId, data, meta }) => ({
      eventId,
      streamId,
      type,
      eventVersion,
      schemaSha256,
      correlationId,
      causationId,
      data: Buffer.from(data).toString("hex"),
      meta: Buffer.from(meta).toString("hex"),
    }),
  );
}

export async function lines(store: EventStore, options?: ExportLogOptions): Promise<string[]> {
  const text: string[] = [];
  for await (const entry of exportLog(store, options)) text.push(toJsonLine(entry));
  return text;
}

export function fromLines(text: readonly string[]): AsyncIterable<LogEntry> {
  return readJsonLines(Readable.from(text.map((line) => `${line}\n`)));
}

export async function empty(): Promise<EventStore> {
  const store = inMemoryEventStore();
  await store.open();
  return store;
}
