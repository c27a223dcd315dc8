import { expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { createTestDatabase } from "../../support/test-database.ts";

test("a store closes while its LISTEN connection gets no answer", { timeout: 10_000 }, async () => {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  await using proxy = await TcpProxy.start(database.connectionString);
  proxy.silence();
  const store = await openStore({
    connectionString: database.connectionString,
    directUrl: proxy.connectionString,
  });
  const pages = store.subscribe();
  const refused = expect(pages.next()).rejects.toMatchObject({ code: "application-closed" });
  await expect.poll(() => proxy.connections).toBe(1);
  await store.close();
  await refused;
  await database.drop();
});

test("a store closes while its LISTEN connection is half-open", { timeout: 10_000 }, async () => {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  await using proxy = await TcpProxy.start(database.connectionString);
  const store = await openStore({
    connectionString: database.connectionString,
    directUrl: proxy.connectionString,
  });
  const pages = store.subscribe();
  const refused = expect(pages.next()).rejects.toMatchObject({ code: "application-closed" });
  await expect.poll(() => proxy.connections).toBe(1);
  proxy.silence({ both: true });
  await store.close();
  await refused;
  proxy.cut();
  await database.drop();
});

test("reads and appends that wait for a connection are settled by close", { timeout: 5_000 }, async () => {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  const store = await openStore({
    connectionString: database.connectionString,
    readConnections: 2,
    appendConnections: 1,
  });
  await store.append("account-1", sampleEvents(1));
  const waiting = [
    ...Array.from({ length: 20 }, () => store.head()),
    ...Array.from({ length: 20 }, (_, n) => store.append(`account-${n}`, sampleEvents(1))),
  ];
  await Promise.all([store.close(), Promise.allSettled(waiting)]);
  await expect(store.head()).rejects.toMatchObject({ code: "application-closed" });
  await database.drop();
});
