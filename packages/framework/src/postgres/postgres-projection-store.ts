import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type { Kysely } from "kysely";
import type { EventStore } from "../event-store/event-store.ts";
import type { AnyProjection, AnyRow } from "../projection/any-projection.ts";
import type { Build, BuildSettings, BuildState, ProgressReport } from "../projection/build.ts";
import type { Table } from "../projection/define-table.ts";
import type { Fingerprint } from "../projection/fingerprint.ts";
import type {
  Commit,
  HandlersCommitOptions,
  ProjectionStore,
  ProjectionWatcher,
  RowChange,
} from "../projection/projection-store.ts";
import type { ScratchBuilds } from "../projection/scratch-builds.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import type { PartitionPosition, Progress } from "../subscription/checkpoint-store.ts";
import type { DeadLetterStore } from "../subscription/dead-letter-store.ts";
import type { LimitStore } from "../subscription/limits/limit-store.ts";
import type { SubscriptionDirectory } from "../subscription/subscription-directory.ts";
import type { PartitionStore } from "../subscription/partition-store.ts";
import type { AcquiredLease, Lease, LeaseReport } from "../subscription/lease-store.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import type { SpillStore } from "../intake/spill-store.ts";
import { PostgresLimits } from "./limits/postgres-limits.ts";
import { PostgresSpill } from "./limits/postgres-spill.ts";
import { migrateFramework } from "./migrate-framework.ts";
import { NotificationListener } from "./notification-listener.ts";
import type { PostgresProjectionStoreOptions } from "./postgres-projection-store-options.ts";
import { activateBuild } from "./projections/activate-build.ts";
import { buildsStatement, toBuildState, type BuildStateRow } from "./projections/build-rows.ts";
import { createIndexStatements } from "./projections/build-tables.ts";
import { commitHandlers } from "./projections/commit-handlers.ts";
import { ensurePrimaryKey } from "./projections/primary-key.ts";
import { commitRows, loadRows, saveCheckpoint } from "./projections/commit-rows.ts";
import { createBuild } from "./projections/create-build.ts";
import {
  acquireStatement,
  releaseStatement,
  renewStatement,
  toAcquiredLease,
  type AcquiredRow,
} from "./projections/leases.ts";
import { ProjectionConnections, translated } from "./projections/projection-connections.ts";
import { PostgresSubscriptions } from "./projections/postgres-subscriptions.ts";
import { PostgresPartitions } from "./projections/postgres-partitions.ts";
import { ProjectionStoreTelemetry } from "./projections/projection-store-telemetry.ts";
import { PostgresDeadLetters } from "./projections/postgres-dead-letters.ts";
import { PostgresScratchBuilds } from "./projections/postgres-scratch-builds.ts";
import { returnBuild } from "./projections/return-build.ts";
import { settleStatement } from "./projections/settle-build.ts";
import { cancelBuild, dropBuild } from "./projections/drop-build.ts";
import { readPositions } from "./projections/read-positions.ts";

/**
 * Read models, checkpoints and leases on PostgreSQL.
 *
 * @example
 * await using store = new PostgresProjectionStore({ connectionString: "postgres://localhost/ledger" });
 * await store.open();
 */
export class PostgresProjectionStore implements ProjectionStore {
  readonly #options: PostgresProjectionStoreOptions;
  readonly #schemaName: string;
  readonly #schema: string;
  readonly #logger: Logger;
  readonly #connections: ProjectionConnections;
  readonly deadLetters: DeadLetterStore;
  readonly partitions: PartitionStore;
  readonly subscriptions: SubscriptionDirectory;
  readonly telemetry: ProjectionStoreTelemetry;
  readonly limits: LimitStore;
  readonly scratch: ScratchBuilds;
  /** What full intake queues keep for later. */
  readonly spill: SpillStore;
  readonly #watchers = new Set<Partial<ProjectionWatcher>>();
  #channel = "";
  #listener: NotificationListener | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: PostgresProjectionStoreOptions) {
    const { connectionString, schema = "tidemark", logger = silentLogger } = options;
    this.#options = options;
    this.#schemaName = schema;
    this.#schema = quoteIdentifier(schema);
    this.#logger = logger;
    this.#connections = new ProjectionConnections({
      connectionString,
      projectConnections: options.projectConnections ?? 4,
      queryConnections: options.queryConnections ?? 10,
      preparedStatements: options.preparedStatements ?? true,
      logger,
    });
    const shared = {
      connections: this.#connections,
      schema: this.#schema,
      notify: (payload: string) => this.#notify(payload),
    };
    this.deadLetters = new PostgresDeadLetters(shared);
    this.partitions = new PostgresPartitions(shared);
    this.subscriptions = new PostgresSubscriptions(shared);
    this.telemetry = new ProjectionStoreTelemetry(this.#connections);
    this.limits = new PostgresLimits(shared);
    this.scratch = new PostgresScratchBuilds({
      ...shared,
      schemaName: schema,
      channel: () => this.#channel,
    });
    this.spill = new PostgresSpill(shared);
  }

  async open(): Promise<void> {
    if (this.#channel !== "") return;
    const { migrate = true, wakeup = "listen", directUrl, connectionString } = this.#options;
    const { control, project } = this.#connections;
    try {
      if (migrate) {
        await migrateFramework({ pool: project, schema: this.#schemaName, logger: this.#logger });
      }
    } catch (error) {
      throw translated(error);
    }
    const [row] = await this.#connections.run<{ oid: string }>(control, {
      text: `select '${this.#schema}.projection_builds'::regclass::oid::text as oid`,
      values: [],
    });
    this.#channel = `tidemark_projections_${row?.oid}`;
    if (wakeup === "poll") return;
    this.#listener = new NotificationListener({
      url: directUrl ?? connectionString,
      channel: this.#channel,
      onNotification: (payload) => this.#notified(payload),
      onConnect: () => this.#notified("builds"),
      logger: this.#logger,
    });
  }

  async builds(projections?: readonly string[]): Promise<readonly BuildState[]> {
    const rows = await this.#connections.run<BuildStateRow>(
      this.#connections.control,
      buildsStatement(this.#schema, projections),
      "tidemark_builds",
    );
    return rows.map(toBuildState);
  }

  async createBuild(
    projection: AnyProjection,
    options: {
      readonly fingerprint: Fingerprint;
      readonly target: bigint;
      readonly anew: boolean;
      readonly settings?: BuildSettings;
    },
  ): Promise<{ readonly build: Build; readonly created: boolean }> {
    const framework = { schema: this.#schemaName, channel: this.#channel };
    try {
      return await createBuild(this.#connections.projecting, framework, projection, options);
    } catch (error) {
      throw translated(error);
    }
  }

  async settleBuild(build: Build, settings: BuildSettings): Promise<void> {
    const statement = settleStatement(this.#framework, build, settings);
    await this.#connections.run(this.#connections.control, statement);
  }

  async reportProgress(build: Build, report: ProgressReport): Promise<void> {
    await this.#connections.run(this.#connections.control, {
      text: `update ${this.#schema}.projection_builds
        set read_events = $2, read_position = $3, events_per_second = $4, eta_seconds = $5
        where id = $1 and status = 'building'`,
      values: [build.id, report.events, report.position, report.eventsPerSecond, report.etaSeconds],
    });
  }

  async createIndexes(build: Build, table: Table): Promise<void> {
    await ensurePrimaryKey(this.#connections, build, table);
    for (const text of createIndexStatements(build.schema, table)) {
      await this.#connections.run(this.#connections.project, { text, values: [] });
    }
  }

  activate(build: Build, log: Pick<EventStore, "storeId" | "head">): ReturnType<ProjectionStore["activate"]> {
    const { project } = this.#connections;
    return this.#connections.transaction(project, (client) =>
      activateBuild(client, this.#framework, build, log),
    );
  }

  returnBuild(
    build: Build,
    options: { readonly target: bigint; readonly activateWithParked: boolean },
  ): Promise<boolean> {
    const { project } = this.#connections;
    return this.#connections.transaction(project, (client) =>
      returnBuild(client, this.#framework, build, options),
    );
  }

  cancel(build: Build): Promise<boolean> {
    return cancelBuild(this.#connections, this.#framework, build);
  }

  drop(build: Build): Promise<boolean> {
    return dropBuild(this.#connections, this.#framework, build, this.#options.dropDelayMs ?? 5_000);
  }

  loadRows(build: Build, table: Table, keys: readonly (readonly unknown[])[]): Promise<readonly AnyRow[]> {
    return loadRows(this.#connections, build, table, keys);
  }

  commitRows(
    build: Build,
    table: Table,
    changes: readonly RowChange[],
    commit: Commit,
    options: { readonly empty?: boolean } = {},
  ): Promise<void> {
    return commitRows(this.#connections, this.#schema, build, table, changes, commit, options);
  }

  commitHandlers(
    build: Build,
    run: (tx: Kysely<unknown>) => Promise<void>,
    commit: Commit,
    options: HandlersCommitOptions,
  ): Promise<void> {
    return commitHandlers(this.#connections, this.#schema, build, run, commit, options);
  }

  database(build: Build): Kysely<unknown> {
    return this.#connections.querying.withSchema(build.schema);
  }

  readPositions(
    subscriptions: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PartitionPosition[]>> {
    return readPositions(this.#connections, this.#schema, subscriptions);
  }

  saveCheckpoint(lease: Lease, checkpoint: Checkpoint, progress: Progress = { events: 0 }): Promise<void> {
    return saveCheckpoint(this.#connections, this.#schema, { lease, checkpoint, ...progress });
  }

  async acquire(request: {
    readonly subscription: string;
    readonly partition: number;
    readonly owner: string;
    readonly label: string;
    readonly leaseMs: number;
  }): Promise<AcquiredLease | null> {
    const statement = acquireStatement(this.#schema, request);
    const [row] = await this.#connections.run<AcquiredRow>(this.#connections.control, statement);
    return row === undefined ? null : toAcquiredLease(row, request);
  }

  renew(reports: readonly LeaseReport[], leaseMs: number): Promise<readonly Lease[]> {
    const statement = renewStatement(this.#schema, reports, leaseMs);
    return this.#connections.run<Lease>(this.#connections.heartbeat, statement);
  }

  async release(lease: Lease): Promise<void> {
    await this.#connections.run(this.#connections.control, releaseStatement(this.#schema, lease));
  }

  async requestFollow(build: Build, position: bigint): Promise<void> {
    await this.#notify(`follow ${position} ${build.subscription}`);
  }

  watch(watcher: Partial<ProjectionWatcher>, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#watchers.add(watcher);
    signal.addEventListener("abort", () => this.#watchers.delete(watcher), { once: true });
    this.#listener?.start();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #framework(): { readonly schema: string; readonly channel: string } {
    return { schema: this.#schema, channel: this.#channel };
  }

  async #notify(payload: string): Promise<void> {
    const values = [this.#channel, payload];
    await this.#connections.run(this.#connections.control, { text: "select pg_notify($1, $2)", values });
  }

  async #close(): Promise<void> {
    this.#watchers.clear();
    await this.#listener?.close();
    await this.#connections.close();
  }

  #notified(payload: string): void {
    const [, position, followed] = /^follow (\d+) (.+)$/.exec(payload) ?? [];
    const [, about, changed = ""] = /^(request|partitions|permits) (.+)$/.exec(payload) ?? [];
    for (const watcher of this.#watchers) {
      if (position !== undefined && followed !== undefined) watcher.onFollow?.(followed, BigInt(position));
      else if (about === "request") watcher.onRequest?.(changed);
      else if (about === "permits") watcher.onPermitFreed?.(changed);
      else if (about === "partitions") watcher.onPartitionsChanged?.(changed);
      else watcher.onBuildsChanged?.();
    }
  }
}
