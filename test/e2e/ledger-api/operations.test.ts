import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseMetrics } from "../../support/parse-metrics.ts";
import { waitFor } from "../../support/wait-for.ts";
import { eventStores, startLedger, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger;

  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
  });

  afterAll(() => ledger.close());

  test("metrics and status show every read model level with the log", async () => {
    const written = await ledger.post("/accounts", { accountId: "a", owner: "Ada", currency: "EUR" });
    expect(written.status).toBe(201);
    const samples = await waitFor(async () => {
      const now = parseMetrics(await (await fetch(`${ledger.url}/metrics`)).text());
      const lags = now.filter(({ name }) => name === "tidemark_subscription_lag_events");
      return lags.length === 3 && lags.every(({ value }) => value === 0) && now;
    });
    const head = samples.find(({ name }) => name === "tidemark_log_head_position")?.value;
    expect(head).toBeGreaterThanOrEqual(Number(written.body.position));
    expect(samples).toContainEqual({
      name: "tidemark_commands_total",
      labels: { application: "ledger", aggregate: "account", command: "open", outcome: "accepted" },
      value: 1,
    });
    const appended = samples.find(({ name }) => name === "tidemark_events_appended_total");
    expect(appended?.value).toBe(1);
    const status = await ledger.get("/operations/status");
    expect(status.status).toBe(200);
    const names: unknown = status.body.consumers.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["accounts", "statement", "trial-balance"]);
  });
});
