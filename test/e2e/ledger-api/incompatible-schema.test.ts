import { createApplication, defineAggregate, defineApplication, defineEvent } from "@tidemark/framework";
import { inProcessRegistryClient } from "@tidemark/schema-registry/client";
import { describe, expect, test } from "vitest";
import { createLogger } from "../../../examples/ledger/src/run/logger.ts";
import { openStorage } from "../../../examples/ledger/src/run/open-storage.ts";
import { eventStores, startLedger, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  /** The ledger of a deployment that has changed its AccountOpened to these fields. */
  function changedLedger(...fields: readonly object[]) {
    // Its fields are data here, and its payload is not known to the compiler.
    const define: CallableFunction = defineEvent;
    const record = { type: "record", name: "AccountOpened", namespace: "ledger", fields };
    const AccountOpened: ReturnType<typeof anyEvent> = Reflect.apply(define, null, [record]);
    const account = defineAggregate({ name: "account", events: [AccountOpened], initialState: () => 0 })
      .evolve({ AccountOpened: (count) => count + 1 })
      .commands({});
    return defineApplication({ name: "ledger", aggregates: [account] });
  }

  function anyEvent() {
    return defineEvent({ type: "record", name: "AccountOpened", namespace: "ledger", fields: [] });
  }

  async function startChanged(ledger: RunningLedger, ...fields: readonly object[]): Promise<void> {
    const { config, opened } = ledger;
    const storage = await openStorage(config, createLogger("error"));
    try {
      await using application = createApplication(changedLedger(...fields), {
        storage: storage.over(config.databaseUrl ?? ""),
        registry: inProcessRegistryClient(opened.registry),
      });
      await application.start();
    } finally {
      await storage.close();
    }
  }

  const owner = { name: "owner", type: "string" };
  const currency = { name: "currency", type: "string" };
  const limit = {
    name: "overdraftLimit",
    type: ["null", { type: "bytes", logicalType: "big-decimal" }],
    default: null,
  };

  test("the ledger with an incompatibly changed event does not start: which event, which field, which version", async () => {
    const ledger = await startLedger({ eventStore });
    try {
      const written = await ledger.post("/accounts", { accountId: "1", owner: "Ada", currency: "EUR" });
      for (const [field, fields] of [
        ["branch", [owner, currency, limit, { name: "branch", type: "string" }]],
        ["owner", [currency, limit]],
        ["currency", [owner, { name: "currency", type: "long" }, limit]],
      ] as const) {
        await expect(startChanged(ledger, ...fields)).rejects.toMatchObject({
          code: "event-schema-refused",
          message: expect.stringMatching(
            new RegExp(`AccountOpened may not join subject ledger\\.AccountOpened.*version 1.*${field}`, "s"),
          ),
        });
      }
      await startChanged(ledger, owner, currency, limit, {
        name: "branch",
        type: ["null", "string"],
        default: null,
      });
      expect((await ledger.getAfter(written, "/accounts/1")).status).toBe(200);
      expect((await ledger.post("/accounts", { owner: "Bob", currency: "EUR" })).status).toBe(201);
    } finally {
      await ledger.close();
    }
  });
});
