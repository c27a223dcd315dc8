import type { Registry } from "prom-client";
import { sampledCounter, sampledGauge, type Sample } from "./metric-definitions.ts";
import type { IntakeOperations } from "./operations-status.ts";

/** The application's own queues, by name. */
export function intakeMetrics(registry: Registry, intakes: () => readonly IntakeOperations[]): void {
  const samples = (value: (intake: IntakeOperations) => number) => (): readonly Sample[] =>
    intakes().map((intake) => ({ labels: { queue: intake.name }, value: value(intake) }));
  const labels = ["queue"];
  sampledGauge(registry, {
    name: "tidemark_intake_items",
    help: "Items in the queue",
    labels,
    samples: samples(({ items }) => items),
  });
  sampledGauge(registry, {
    name: "tidemark_intake_bytes",
    help: "Bytes of the items in the queue",
    labels,
    samples: samples(({ bytes }) => bytes),
  });
  sampledGauge(registry, {
    name: "tidemark_intake_waiting",
    help: "Items of producers that wait for room",
    labels,
    samples: samples(({ waiting }) => waiting),
  });
  sampledCounter(registry, {
    name: "tidemark_intake_rejected_total",
    help: "Items that were refused, since the queue was full",
    labels,
    samples: samples(({ rejected }) => rejected),
  });
  sampledCounter(registry, {
    name: "tidemark_intake_stored_total",
    help: "Items that were kept in the store for later",
    labels,
    samples: samples(({ stored }) => stored),
  });
  sampledCounter(registry, {
    name: "tidemark_intake_dropped_total",
    help: "Optional items that were lost, since the queue was full",
    labels,
    samples: samples(({ dropped }) => dropped),
  });
}
