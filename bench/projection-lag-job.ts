/** What one process of bench/projection-lag.ts is to do: append at a steady rate and watch the read model. */
export interface LagJob {
  readonly connectionString: string;
  readonly appendsPerSecond: number;
  readonly seconds: number;
  /** Events a second of a rebuild that runs beside; `null`: there is none. */
  readonly rebuildRate: number | null;
}

export interface LagResult {
  readonly appendsPerSecond: number;
  readonly events: number;
  /** Milliseconds from the call of append until the event's effect can be queried. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Events that the read model does not have in the end. */
  readonly missing: number;
  readonly residentMegabytes: number;
  /** Resident memory at the end beside that after a fifth of the time. */
  readonly growthMegabytes: number;
}
