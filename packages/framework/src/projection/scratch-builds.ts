import type { PartitionReport } from "../subscription/partition-store.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** A row that two builds do not agree on. Values are PostgreSQL's text of them, `null` for NULL. */
export interface RowDifference {
  readonly table: string;
  /** Columns of the primary key; all columns of a table without one. */
  readonly key: Readonly<Record<string, string | null>>;
  /** The first column that differs; `null` when one of the builds does not have the row. */
  readonly column: string | null;
  /** `undefined` when the live build does not have the row. */
  readonly live: string | null | undefined;
  /** `undefined` when the recomputed build does not have the row. */
  readonly recomputed: string | null | undefined;
}

export interface Comparison {
  /** Rows of the live build. */
  readonly rows: bigint;
  /** Rows that differ, are missing or are too many. */
  readonly differing: bigint;
  /** The first of them, by table and key. */
  readonly differences: readonly RowDifference[];
}

/** Builds that serve nobody: made to be compared with one that does, and dropped afterwards. */
export interface ScratchBuilds {
  /** Makes one with partitions like these. Drops those of the projection that killed processes have left. */
  create(
    projection: AnyProjection,
    options: { readonly fingerprint: Fingerprint; readonly partitions: readonly PartitionReport[] },
  ): Promise<Build>;

  /**
   * Compares the tables of two builds at the checkpoints that the live one has at this moment. `recompute` is told
   * these and brings the other build there; the live one goes on meanwhile.
   */
  compare(
    live: Build,
    scratch: Build,
    options: {
      readonly recompute: (partitions: readonly PartitionReport[]) => Promise<void>;
      /** How many differences are told. */
      readonly limit: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Comparison>;

  drop(scratch: Build): Promise<void>;
}
