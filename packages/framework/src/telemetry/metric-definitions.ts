import { Counter, Gauge, type Registry } from "prom-client";

/** One value with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric whose samples are asked for at each scrape; nothing is kept between two. */
export interface SampledMetric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly samples: () => readonly Sample[] | Promise<readonly Sample[]>;
}

export function sampledGauge(registry: Registry, { name, help, labels = [], samples }: SampledMetric): void {
  // It registers itself.
  void new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const current = await samples();
      this.reset();
      // A gauge without labels starts anew with 0, which would be a measurement.
      if (current.length === 0 && labels.length === 0) this.remove();
      for (const sample of current) this.set(sample.labels, sample.value);
    },
  });
}

/** For what is counted elsewhere, from the start of the process or of the database on. */
export function sampledCounter(
  registry: Registry,
  { name, help, labels = [], samples }: SampledMetric,
): void {
  void new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const current = await samples();
      this.reset();
      for (const sample of current) this.inc(sample.labels, sample.value);
    },
  });
}

/** The one sample of a metric without labels. */
export function single(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}
