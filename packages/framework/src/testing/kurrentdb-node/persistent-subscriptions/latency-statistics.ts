const percentiles = [
  ["Median", 0.5],
  ["Fastest", 0],
  ["Quintile 1", 0.2],
  ["Quintile 2", 0.4],
  ["Quintile 3", 0.6],
  ["Quintile 4", 0.8],
  ["Quintile 5", 1],
  ["90%", 0.9],
  ["95%", 0.95],
  ["99%", 0.99],
  ["99.5%", 0.995],
  ["99.9%", 0.999],
  ["Highest", 1],
] as const;

/** The server's measurements of a consumer, in whole milliseconds; none before the first acknowledgement. */
export function latencyStatistics(latencies: readonly number[]): (readonly [key: string, value: number])[] {
  if (latencies.length === 0) return [];
  const sorted = latencies.toSorted((one, other) => one - other);
  const mean = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  return [
    ["Mean", Math.round(mean)],
    ...percentiles.map(([key, share]) => {
      const index = Math.min(Math.floor(share * sorted.length), sorted.length - 1);
      return [key, Math.round(sorted[index] ?? 0)] as const;
    }),
  ];
}
