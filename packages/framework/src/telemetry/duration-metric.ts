import { Histogram, type Registry } from "prom-client";
import { durationBounds, type DurationHistogram } from "./duration-histogram.ts";

type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly labels: Labels;
  readonly durations: DurationHistogram;
}

/** Shows what was counted elsewhere as a histogram of Prometheus. */
export class DurationMetric extends Histogram {
  readonly #options: {
    readonly name: string;
    readonly help: string;
    readonly series: () => readonly Series[];
  };

  constructor(options: {
    readonly name: string;
    readonly help: string;
    readonly series: () => readonly Series[];
    readonly registry: Registry;
  }) {
    const { name, help, registry } = options;
    super({ name, help, buckets: [...durationBounds], registers: [registry] });
    this.#options = options;
  }

  /** Where the base class takes its own, empty counts from, for the text and for JSON. */
  async getForPromString() {
    const { name, help, series } = this.#options;
    // JSON asks each sample for labels that it shares with others.
    const values = series().flatMap((one) =>
      samples(name, one).map((sample) => ({ ...sample, sharedLabels: {} })),
    );
    return { name, help, type: "histogram", aggregator: "sum", values };
  }
}

function samples(name: string, { labels, durations }: Series) {
  const { cumulative, sum, count } = durations;
  const buckets = durationBounds.map((le, index) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: cumulative[index] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
