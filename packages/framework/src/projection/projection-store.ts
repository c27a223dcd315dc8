import type { Kysely } from "kysely";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import type { CheckpointStore } from "../subscription/checkpoint-store.ts";
import type { Lease, LeaseStore } from "../subscription/lease-store.ts";
import type { AnyProjection, AnyRow } from "./any-projection.ts";
import type { Build, BuildProgress } from "./build.ts";
import type { Table } from "./define-table.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** What a row becomes: `null` for no row. `stored`: whether the table has it now. */
export interface RowChange {
  readonly key: readonly unknown[];
  readonly row: AnyRow | null;
  readonly stored: boolean;
  /** Of the last event that touched the row. */
  readonly position: bigint;
}

/** The checkpoint that an effect is committed with. */
export interface Commit {
  readonly lease: Lease;
  readonly checkpoint: Checkpoint;
}

/** Where read models live: builds, their tables, checkpoints and leases. `PostgresProjectionStore` is the adapter. */
export interface ProjectionStore extends CheckpointStore, LeaseStore {
  /** Connects and migrates. Called once, before anything else. */
  open(): Promise<void>;

  /** Builds of these projections, or of all; without those that have no tables any more. */
  builds(projections?: readonly string[]): Promise<readonly Build[]>;

  /**
   * Makes the tables of a new build, in one transaction. While another build of this version is under way, that
   * one is returned instead.
   */
  createBuild(
    projection: AnyProjection,
    fingerprint: Fingerprint,
    target: bigint,
  ): Promise<{ readonly build: Build; readonly created: boolean }>;

  /** Tells other processes how far a build is. Not fenced: it is for people. */
  reportProgress(build: Build, progress: BuildProgress): Promise<void>;

  /** Adds the secondary indexes, which a build does without until it is complete. May be repeated. */
  createIndexes(build: Build, table: Table): Promise<void>;

  /**
   * Makes a build serve its version, in one step for every reader. The build that served is retired. Does nothing
   * and returns false when this build is behind the one that serves, so that no reader goes back in time.
   *
   * @throws TidemarkError `lease-lost`.
   */
  activate(build: Build, lease: Lease): Promise<boolean>;

  /** Gives up a build that does not serve yet and drops its tables; false when it has been activated meanwhile. */
  cancel(build: Build): Promise<boolean>;

  /** Drops the tables of a retired build that serves nobody; false when it is none. */
  drop(build: Build): Promise<boolean>;

  /** The rows that exist among these keys, with their key columns. */
  loadRows(build: Build, table: Table, keys: readonly (readonly unknown[])[]): Promise<readonly AnyRow[]>;

  /**
   * Writes rows and checkpoint in one transaction.
   *
   * @throws TidemarkError `lease-lost` when another owner has taken over: nothing is written.
   */
  commitRows(build: Build, table: Table, changes: readonly RowChange[], commit: Commit): Promise<void>;

  /**
   * Runs handlers and stores the checkpoint in one transaction.
   *
   * @throws TidemarkError `lease-lost`; whatever `run` throws. Nothing is written then.
   */
  commitHandlers(
    build: Build,
    run: (tx: Kysely<unknown>) => Promise<void>,
    commit: Commit,
    options: { readonly timeoutMs: number },
  ): Promise<void>;

  /** The tables of a build for queries. */
  database(build: Build): Kysely<unknown>;

  /** Calls back soon after builds have changed in any process, and perhaps without a reason. Ends with the signal. */
  watch(onChange: () => void, signal: AbortSignal): void;

  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
