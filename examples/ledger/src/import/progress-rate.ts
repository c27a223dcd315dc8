const windowMs = 10_000;
const sampleMs = 200;

interface Sample {
  readonly at: number;
  readonly done: number;
}

/** Measures a rate over the last ten seconds, so that a slow start does not spoil the estimate of the rest. */
export function createRate(start: Sample): { add(sample: Sample): void; perSecond(): number | null } {
  const samples = [start];
  let latest = start;
  return {
    add(sample) {
      latest = sample;
      if (sample.at - (samples.at(-1)?.at ?? 0) >= sampleMs) samples.push(sample);
      while (samples.length > 1 && sample.at - (samples[1]?.at ?? sample.at) >= windowMs) samples.shift();
    },
    /** Null before there is anything to measure. */
    perSecond() {
      const first = samples[0] ?? start;
      const elapsed = latest.at - first.at;
      return elapsed < sampleMs ? null : ((latest.done - first.done) * 1000) / elapsed;
    },
  };
}
