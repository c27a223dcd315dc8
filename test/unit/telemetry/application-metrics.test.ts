import { TidemarkError } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { describe, expect, test } from "vitest";
import { parseMetrics } from "../../support/parse-metrics.ts";
import { startWallets, Wallet } from "../framework/wallet.ts";

function valueOf(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  return parseMetrics(text).find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}

describe("the metrics of an application", () => {
  test("come without a store that tells about itself", async () => {
    await using application = await startWallets(inMemoryEventStore());
    await application.execute(Wallet, "1", "add", { amount: "5" });
    const { metrics } = application.operations;
    const text = await metrics.text();
    expect(metrics.contentType).toMatch(/^text\/plain/);
    expect(valueOf(text, "tidemark_log_head_position")).toBe(1);
    expect(valueOf(text, "tidemark_commands_total", { command: "add", outcome: "accepted" })).toBe(1);
    expect(text).not.toContain("tidemark_append_duration_seconds");
    expect(await application.operations.stalls()).toEqual([]);
  });

  test("count commands that do not exist as one kind, since their names come from outside", async () => {
    await using application = await startWallets(inMemoryEventStore());
    for (const command of ["x1", "x2", "constructor"]) {
      // What a caller without types may do.
      const asked = application.execute(Wallet, "1", command as "add", { amount: "5" });
      await expect(asked).rejects.toMatchObject({ code: "command-unknown" });
    }
    const text = await application.operations.metrics.text();
    const kind = { command: "unknown", outcome: "command-unknown" };
    expect(valueOf(text, "tidemark_commands_total", kind)).toBe(3);
    expect(text).not.toContain("x1");
    expect(valueOf(text, "tidemark_commands_in_flight")).toBe(0);
  });

  test("are a registry of prom-client, to which anybody may add", async () => {
    await using application = await startWallets(inMemoryEventStore());
    await application.execute(Wallet, "1", "add", { amount: "5" });
    const { registry } = application.operations.metrics;
    const metric = (await registry.getMetricsAsJSON()).find(
      ({ name }) => name === "tidemark_command_duration_seconds",
    );
    expect(metric).toMatchObject({ type: "histogram" });
    expect(metric?.values).toContainEqual({
      metricName: "tidemark_command_duration_seconds_count",
      labels: { aggregate: "wallet", command: "add", application: "wallets" },
      value: 1,
    });
  });

  test("share one reading of the status, and survive its failure", async () => {
    const store = inMemoryEventStore();
    await using application = await startWallets(store);
    let asked = 0;
    Object.assign(store, {
      async head() {
        asked += 1;
        throw new TidemarkError("store-unavailable", "away");
      },
    });
    const { metrics } = application.operations;
    const texts = await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(asked).toBe(1);
    for (const text of texts) expect(valueOf(text, "tidemark_status_available")).toBe(0);
  });
});
