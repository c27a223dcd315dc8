import { expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";

test("reads are right while their connections are being made, each of which lets the catalogue forget", async () => {
  const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
  const writer = await openStore({ connectionString, wakeup: "poll" });
  for (let n = 0; n < 30; n += 1)
    await writer.append(`account-${n}`, sampleEvents(1, { type: `sample.Type${n}` }));
  await writer.close();
  for (let round = 0; round < 10; round += 1) {
    await using store = await openStore({ connectionString, wakeup: "poll", migrate: false });
    const reads = Array.from({ length: 12 }, async () => {
      const types: string[] = [];
      for await (const { events } of store.readAll({ pageSize: 5 }))
        types.push(...events.map(({ type }) => type));
      return types;
    });
    for (const types of await Promise.all(reads))
      expect(types).toEqual(Array.from({ length: 30 }, (_, n) => `sample.Type${n}`));
  }
  await drop();
});
