import { createPool } from "@tidemark/schema-registry/postgres";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import type { DigestsOptions, NoticesOptions } from "../../support/projector-definitions.mjs";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { expectedRows, storedRows, type DigestRow } from "./digest-rows.ts";

const program = fileURLToPath(new URL("../../support/projector.mjs", import.meta.url));

export interface ProjectorOptions {
  readonly mode?: "serve" | "rebuild";
  readonly leaseMs?: number;
  readonly projection?: DigestsOptions;
  /** Of the supervisor. */
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly notices?: NoticesOptions;
  /** Code of the next deployment. */
  readonly knowsVersion2?: boolean;
  /** Prints `handling <position>` when a handler begins. */
  readonly announce?: boolean;
  /** Runs a whole application with this registry. */
  readonly registry?: string;
  /** Splits and merges at random for as long as it lives. */
  readonly repartitionSeed?: number;
}

interface SceneOptions {
  /** Of the event store. */
  readonly connectionString: string;
  /** Of the read models; default: the same database. */
  readonly readModels?: string;
  readonly drop?: () => Promise<void>;
}

/** A database, a process that writes to it (this one) and those that project what is written. */
export class Scene implements AsyncDisposable {
  readonly bank: Bank;
  /** To the read models. */
  readonly pool: pg.Pool;
  readonly #options: SceneOptions;
  readonly #processes: SpawnedProcess[] = [];

  private constructor(options: SceneOptions, bank: Bank) {
    const { connectionString, readModels = connectionString } = options;
    this.#options = options;
    this.bank = bank;
    this.pool = createPool({ connectionString: readModels, max: 2, applicationName: "test" });
    // The tests take the server away.
    this.pool.on("error", () => {});
  }

  /** Over a database of its own, or over the given ones, which have the framework's tables. */
  static async open(given?: SceneOptions): Promise<Scene> {
    const options: SceneOptions = given ?? (await createTestDatabase({ template: eventStoreTemplate }));
    return new Scene(options, await Bank.open(options.connectionString, options.readModels));
  }

  /** A process that runs projections and subscriptions, as an application would. */
  start(options: ProjectorOptions): SpawnedProcess {
    const { connectionString, readModels = connectionString } = this.#options;
    const started = spawnNode(program, [JSON.stringify({ ...options, connectionString, readModels })]);
    this.#processes.push(started);
    return started;
  }

  /** Whether the process holds a lease. */
  async owns({ pid }: SpawnedProcess): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      "select from tidemark.leases where label like '%process ' || $1 and expires_at > clock_timestamp()",
      [pid],
    );
    return rowCount !== 0;
  }

  /** The schema and the subscription of the build that serves. */
  async activeBuild(): Promise<{ readonly schema_name: string; readonly subscription: string }> {
    const { rows } = await this.pool.query<{ schema_name: string; subscription: string }>(
      "select schema_name, subscription from tidemark.projection_builds where status = 'active'",
    );
    const [build] = rows;
    if (build === undefined) throw new Error("no build serves");
    return build;
  }

  /** Waits until everything up to the position is in the read model that serves. */
  async projected(position: bigint): Promise<void> {
    const what = `the read model behind position ${position}`;
    await waitFor(async () => this.hasPassed((await this.activeBuild()).subscription, position), {
      timeoutMs: 60_000,
      what,
    });
  }

  /** Whether every partition has passed the position. */
  async hasPassed(subscription: string, position: bigint): Promise<boolean> {
    const { rows } = await this.pool.query<{ position: bigint }>(
      "select position from tidemark.checkpoints where subscription = $1",
      [subscription],
    );
    return rows.length > 0 && rows.every((partition) => partition.position >= position);
  }

  /** What the read model says. */
  async rows(): Promise<readonly DigestRow[]> {
    return storedRows(this.pool, (await this.activeBuild()).schema_name);
  }

  /** What it must say. */
  async expected(form: DigestsOptions["form"] = "fold"): Promise<readonly DigestRow[]> {
    return expectedRows(this.bank.eventStore, this.bank.serializer, form);
  }

  /** How many events wait as dead letters. */
  async parked(): Promise<number> {
    const { rows } = await this.pool.query<{ parked: number }>(
      "select count(*)::integer as parked from tidemark.dead_letters",
    );
    return rows[0]?.parked ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) process.kill("SIGKILL");
    await Promise.all(this.#processes.map(({ exit }) => exit));
    await this.bank[Symbol.asyncDispose]();
    await this.pool.end();
    await this.#options.drop?.();
  }
}
