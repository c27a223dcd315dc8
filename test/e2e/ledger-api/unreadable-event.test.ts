import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomUUID } from "node:crypto";
import { eventStores, problemOf, startLedger, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("a stream with an event that does not decode, on %s", (eventStore) => {
  let ledger: RunningLedger;
  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
  });
  afterAll(() => ledger.close());

  /** The same account's last event once more, with bytes that are none of its schema. */
  async function damage(stream: string): Promise<void> {
    const store = ledger.opened.application.eventStore;
    for await (const event of store.readStream(stream, { direction: "backwards", limit: 1 })) {
      const schema = await store.schema(event.schemaSha256);
      if (schema === null) throw new Error("the catalogue lacks a schema");
      const { type, eventVersion, meta, correlationId, causationId } = event;
      const damaged = { eventId: randomUUID(), type, eventVersion, schema, meta, correlationId, causationId };
      await store.append(stream, [{ ...damaged, data: Uint8Array.of(255, 255, 255) }]);
    }
  }

  test("answers 503 and names the event, and other streams go on", async () => {
    for (const accountId of ["ada", "bob"])
      await ledger.post("/accounts", { accountId, owner: accountId, currency: "EUR" });
    await damage("account-ada");
    const answer = await ledger.post("/accounts/ada/deposits", { amount: "1.00" });
    expect(answer).toMatchObject(
      problemOf(503, "event-unreadable", {
        streamId: "account-ada",
        revision: "1",
        type: "ledger.AccountOpened",
      }),
    );
    expect(answer.body.detail).toMatch(
      /ledger\.AccountOpened at position \d+, account-ada revision 1, does not decode/,
    );
    // Nothing that waiting would help.
    expect(answer.headers.get("retry-after")).toBeNull();
    const deposited = await ledger.post("/accounts/bob/deposits", { amount: "1.00" });
    expect(deposited.status).toBe(201);
    expect(await ledger.getAfter(deposited, "/accounts/bob")).toMatchObject({
      status: 200,
      body: { balance: "1.00" },
    });
  });
});
