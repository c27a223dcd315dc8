import type { Registry } from "prom-client";
import type { CommandMeter } from "./command-meter.ts";
import { DurationMetric } from "./duration-metric.ts";
import { sampledCounter, sampledGauge, single } from "./metric-definitions.ts";

/** The commands of this process. */
export function commandMetrics(registry: Registry, meter: CommandMeter): void {
  sampledCounter(registry, {
    name: "tidemark_commands_total",
    help: "Commands by outcome: accepted, replayed, refused by the domain, or the code of an error",
    labels: ["aggregate", "command", "outcome"],
    samples: () =>
      meter.all.flatMap(({ aggregate, command, outcomes }) =>
        [...outcomes.counts].map(([outcome, value]) => ({ labels: { aggregate, command, outcome }, value })),
      ),
  });
  // It registers itself.
  void new DurationMetric({
    name: "tidemark_command_duration_seconds",
    help: "Time from a command to its outcome",
    series: () =>
      meter.all.map(({ aggregate, command, duration }) => ({
        labels: { aggregate, command },
        durations: duration,
      })),
    registry,
  });
  sampledGauge(registry, {
    name: "tidemark_commands_in_flight",
    help: "Commands that run or wait now",
    samples: () => single(meter.inFlight),
  });
}
