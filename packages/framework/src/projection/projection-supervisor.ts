import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { RetryStrategy } from "../subscription/retry-strategy.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build, BuildProgress } from "./build.ts";
import type { ProjectionStatus } from "./projection-status.ts";
import type { ProjectionStore } from "./projection-store.ts";
import type { QueryOptions, ReadModel } from "./read-model.ts";

export interface ProjectionSupervisorOptions {
  readonly definitions: readonly AnyProjection[];
  readonly eventStore: EventStore;
  /** Knows the events of every definition. */
  readonly serializer: EventSerializer;
  /** Opened and closed by the caller. */
  readonly store: ProjectionStore;
  /** Shown to other processes as the owner of leases. */
  readonly applicationName: string;
  readonly logger?: Logger;
  /** Milliseconds until a process that has died is taken over. Default 10,000. */
  readonly leaseMs?: number;
  readonly retry?: RetryStrategy;
  /** Rows that the projector of a fold keeps in memory. Default 100,000. */
  readonly maxCachedRows?: number;
  /** Milliseconds that a handler has. Default 30,000. */
  readonly handlerTimeoutMs?: number;
  /** Queries that may wait for a read model at a time. Default 1,000. */
  readonly maxWaiters?: number;
}

/**
 * Runs the projections of an application and answers for their read models. Any number of processes may run one
 * for the same projections: each build has one projector at a time, the others stand by.
 */
export class ProjectionSupervisor {
  constructor(options: ProjectionSupervisorOptions) {
    void options;
  }

  /**
   * Compares the definitions with the builds, starts what is missing and runs the projectors. Returns when that
   * has begun; see {@link whenReady}.
   *
   * @throws TidemarkError `projection-changed` when a definition changed without a new version.
   */
  async start(): Promise<void> {}

  /** Whether every projection has a read model of its own version. */
  get ready(): boolean {
    return false;
  }

  /** Waits until {@link ready}. */
  async whenReady(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    void options;
  }

  /** Every build that has tables, as all processes together know it. Needs no `start`. */
  async status(): Promise<readonly ProjectionStatus[]> {
    return [];
  }

  /**
   * Builds a projection anew from position zero, beside the one that serves, and activates it. Joins a rebuild that
   * is under way. Needs no `start`: works beside running servers, whichever process gets the lease. When the signal
   * aborts, this process stops working on it; the build stays and others (or the next start) go on with it.
   *
   * @throws TidemarkError `projection-unknown`; the signal's reason.
   */
  async rebuild(
    name: string,
    options: { readonly onProgress?: (progress: BuildProgress) => void; readonly signal?: AbortSignal } = {},
  ): Promise<Build> {
    void options;
    throw new Error(name);
  }

  /** Gives up a rebuild that is under way; false when there is none. */
  async cancel(name: string): Promise<boolean> {
    void name;
    return false;
  }

  /** Drops the retired builds of a projection: from then on there is no way back to them. */
  async confirm(name: string): Promise<readonly Build[]> {
    void name;
    return [];
  }

  /**
   * The tables of the best build whose version the caller can read.
   *
   * @throws TidemarkError `projection-rebuilding`, `projection-behind`, `consistency-token-invalid`,
   * `too-many-waiters`, `projection-unknown`.
   */
  async query<P extends AnyProjection>(projection: P, options: QueryOptions = {}): Promise<ReadModel<P>> {
    void options;
    throw new Error(projection.name);
  }

  /** Ends projectors and waiters, releases the leases. Safe to call twice. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
