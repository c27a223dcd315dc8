import type { Kysely } from "kysely";
import type { EventStore } from "../event-store/event-store.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import type { CheckpointStore } from "../subscription/checkpoint-store.ts";
import type { DeadLetterStore, LetterChanges } from "../subscription/dead-letter-store.ts";
import type { Lease, LeaseStore } from "../subscription/lease-store.ts";
import type { LimitStore } from "../subscription/limits/limit-store.ts";
import type { SubscriptionDirectory } from "../subscription/subscription-directory.ts";
import type { PartitionStore } from "../subscription/partition-store.ts";
import type { StoreTelemetry } from "../telemetry/store-telemetry.ts";
import type { AnyProjection, AnyRow } from "./any-projection.ts";
import type { Build, BuildSettings, BuildState, ProgressReport } from "./build.ts";
import type { Table } from "./define-table.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { HandlerBudget } from "./handler-budget.ts";
import type { ScratchBuilds } from "./scratch-builds.ts";

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
  /** Handled since the commit before. */
  readonly events: number;
  /** Default: none are parked or released. */
  readonly letters?: LetterChanges;
}

export interface ProjectionWatcher {
  /** Some build was made, activated, cancelled or dropped. */
  readonly onBuildsChanged: () => void;
  /** A query somewhere waits for this position. */
  readonly onFollow: (subscription: string, position: bigint) => void;
  /** A subscription's partitions were split or merged. */
  readonly onPartitionsChanged: (subscription: string) => void;
  /** An operator asks for something about parked sequences. */
  readonly onRequest: (subscription: string) => void;
  /** A permit of a semaphore was given back while somebody waits for one. */
  readonly onPermitFreed: (semaphore: string) => void;
}

/** What handlers are held to in their transaction. */
export interface HandlersCommitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Default: none. */
  readonly budget?: HandlerBudget;
}

/**
 * Where read models live: builds, their tables, checkpoints and leases. `PostgresProjectionStore` is the adapter.
 * Every method throws TidemarkError `store-unavailable` when the database cannot be used now.
 */
export interface ProjectionStore extends CheckpointStore, LeaseStore {
  readonly deadLetters: DeadLetterStore;
  readonly partitions: PartitionStore;
  readonly subscriptions: SubscriptionDirectory;
  readonly limits: LimitStore;
  readonly scratch: ScratchBuilds;

  /** What the store tells about itself, for metrics and status; a store need not. */
  readonly telemetry?: StoreTelemetry;

  /** Connects and migrates. Called once, before anything else. */
  open(): Promise<void>;

  /** Builds of these projections, or of all; without those that have no tables any more. */
  builds(projections?: readonly string[]): Promise<readonly BuildState[]>;

  /**
   * Makes the tables of a new build, in one transaction. While another build of this version is under way, that
   * one is returned instead; unless `anew`, so is one that serves.
   */
  createBuild(
    projection: AnyProjection,
    options: {
      readonly fingerprint: Fingerprint;
      readonly target: bigint;
      readonly anew: boolean;
      readonly settings?: BuildSettings;
    },
  ): Promise<{ readonly build: Build; readonly created: boolean }>;

  /** Changes those settings of a build that are given. */
  settleBuild(build: Build, settings: BuildSettings): Promise<void>;

  /** Tells other processes how far a build is. Not fenced: it is for people. */
  reportProgress(build: Build, report: ProgressReport): Promise<void>;

  /** Adds the secondary indexes, which a build does without until it is complete. May be repeated. */
  createIndexes(build: Build, table: Table): Promise<void>;

  /**
   * Makes a build serve its version, in one step for every reader; the build that served is retired. `behind`, and
   * nothing is done, while this build has not passed its target and the one that serves: no reader goes back in
   * time. `parked` while events of it are parked, another build is active and nobody asked for this one all the same.
   * `gone` when it is no longer being built. A serving build that is ahead of the log itself, which was
   * restored from an older backup then, holds nothing up.
   */
  activate(
    build: Build,
    log: Pick<EventStore, "storeId" | "head">,
  ): Promise<"activated" | "behind" | "parked" | "gone">;

  /**
   * Lets a retired build catch up from its own checkpoint, to serve again once it has passed the target. False when it
   * is none any more, or while another build of its version is under way.
   */
  returnBuild(
    build: Build,
    options: { readonly target: bigint; readonly activateWithParked: boolean },
  ): Promise<boolean>;

  /**
   * Gives up a build that does not serve yet and drops its tables; one that has served before stays retired. False when
   * it has been activated meanwhile.
   */
  cancel(build: Build): Promise<boolean>;

  /** Drops the tables of a retired build that serves nobody; false when it is none. */
  drop(build: Build): Promise<boolean>;

  /** The rows that exist among these keys, with their key columns. */
  loadRows(build: Build, table: Table, keys: readonly (readonly unknown[])[]): Promise<readonly AnyRow[]>;

  /**
   * Writes rows and checkpoint in one transaction. `empty`: the table has no row of the lease's partition yet.
   *
   * @throws TidemarkError `lease-lost` when another owner has taken over; EventFailure without a position when the
   * rows cannot be stored. Nothing is written then.
   */
  commitRows(
    build: Build,
    table: Table,
    changes: readonly RowChange[],
    commit: Commit,
    options?: { readonly empty?: boolean },
  ): Promise<void>;

  /**
   * Runs handlers and stores the checkpoint in one transaction. A statement is cancelled after `timeoutMs`, and one that
   * the budget refuses is not sent. Once the signal has aborted, nothing that handlers still do through their transaction has an effect.
   *
   * @throws TidemarkError `lease-lost`, or `store-unavailable` when that is why `run` failed; EventFailure without a
   * position when the commit itself is refused; else whatever `run` throws. Nothing is written then.
   */
  commitHandlers(
    build: Build,
    run: (tx: Kysely<unknown>) => Promise<void>,
    commit: Commit,
    options: HandlersCommitOptions,
  ): Promise<void>;

  /** The tables of a build for queries. */
  database(build: Build): Kysely<unknown>;

  /** Asks whoever works on this build to move its checkpoint as soon as it can; best effort. */
  requestFollow(build: Build, position: bigint): Promise<void>;

  /** Tells what other processes do, soon after they did it; best effort, so look yourself now and then. */
  watch(watcher: Partial<ProjectionWatcher>, signal: AbortSignal): void;

  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
