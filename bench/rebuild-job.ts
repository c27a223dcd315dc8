/** What one process of bench/rebuild.ts is to do. */
export interface RebuildJob {
  readonly connectionString: string;
  readonly work: RebuildWork;
  /** Rows that are kept in memory; default: as the framework decides. */
  readonly maxCachedRows?: number;
  readonly maxCachedBytes?: number;
}

export type RebuildWork =
  | "fold"
  | "read and fold"
  | "read back and upsert"
  | "handlers, 1 partition"
  | "handlers, 2 partitions"
  | "bare handlers";

export interface RebuildResult {
  readonly events: number;
  readonly seconds: number;
  /** Of all rows of the read model together, so that nothing measured was left out. */
  readonly balance: string;
  readonly residentMegabytes: number;
  /** Of the process, without the database's; its start counts too. */
  readonly cpuSeconds: number;
}
