import type { EventStore } from "@tidemark/framework";
import { expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";

const streams = 9_000;
const together = 300;

/** Letters of two bytes, lengths that differ, and a tenant now and then. */
function nameOf(n: number): { readonly tenant: string; readonly streamId: string } {
  return { tenant: n % 10 === 3 ? "acmé" : "", streamId: `käse-${n}${"x".repeat(n % 7)}` };
}

/** An event for each of these streams, by the event's id. */
async function append(store: EventStore, from: number, to: number): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const tenant of ["", "acmé"]) {
    const own = Array.from({ length: to - from }, (_, index) => nameOf(from + index)).filter(
      (name) => name.tenant === tenant,
    );
    for (let at = 0; at < own.length; at += together) {
      const appends = own.slice(at, at + together).map(({ streamId }) => {
        const events = sampleEvents(1);
        names.set(events[0]?.eventId ?? "", `${tenant} ${streamId}`);
        return { streamId, events };
      });
      await store.appendMany(appends, { tenant });
    }
  }
  return names;
}

async function namesOf(store: EventStore): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const tenant of ["", "acmé"]) {
    for await (const { events } of store.readAll({ tenant, pageSize: 700 }))
      for (const { eventId, streamId } of events) names.set(eventId, `${tenant} ${streamId}`);
  }
  return names;
}

test("every event has the name of its stream, however many streams there are, and of whichever tenant", async () => {
  const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
  const writer = await openStore({ connectionString, wakeup: "poll" });
  const written = await append(writer, 0, streams);
  const reader = await openStore({ connectionString, wakeup: "poll", migrate: false });
  expect(await namesOf(reader)).toEqual(written);
  // Whole stretches of names are known to the reader now, and these are not among them.
  for (const [id, name] of await append(writer, streams, streams + 500)) written.set(id, name);
  for (const [id, name] of await append(writer, 100, 200)) written.set(id, name);
  expect(await namesOf(reader)).toEqual(written);
  await reader.close();
  await writer.close();
  await drop();
}, 60_000);
