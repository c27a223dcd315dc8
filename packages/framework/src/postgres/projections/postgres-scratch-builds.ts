import { sql } from "kysely";
import type { AnyProjection } from "../../projection/any-projection.ts";
import type { Build } from "../../projection/build.ts";
import type { Fingerprint } from "../../projection/fingerprint.ts";
import type { Comparison, ScratchBuilds } from "../../projection/scratch-builds.ts";
import type { PartitionReport } from "../../subscription/partition-store.ts";
import { buildColumns, toBuild, type BuildRow } from "./build-rows.ts";
import { compareTables } from "./compare-tables.ts";
import { insertBuild } from "./create-build.ts";
import { dropScratch } from "./drop-build.ts";
import { translated, type ProjectionConnections } from "./projection-connections.ts";

interface PostgresScratchBuildsOptions {
  readonly connections: ProjectionConnections;
  /** Of the framework's tables: its plain name, and quoted. */
  readonly schemaName: string;
  readonly schema: string;
  /** Known once the store is open. */
  readonly channel: () => string;
}

/** A scratch build that nobody has worked on for this many seconds was left by a process that died. */
const abandonedSeconds = 60;

/** Scratch builds on PostgreSQL, in schemas of their own like any other build. */
export class PostgresScratchBuilds implements ScratchBuilds {
  readonly #options: PostgresScratchBuildsOptions;

  constructor(options: PostgresScratchBuildsOptions) {
    this.#options = options;
  }

  async create(
    projection: AnyProjection,
    options: { readonly fingerprint: Fingerprint; readonly partitions: readonly PartitionReport[] },
  ): Promise<Build> {
    await this.#sweep(projection.name);
    const { connections, schemaName } = this.#options;
    const { fingerprint, partitions } = options;
    const target = partitions.reduce((most, { position }) => (position > most ? position : most), 0n);
    try {
      return await connections.projecting
        .transaction()
        .execute((tx) =>
          insertBuild(tx, schemaName, projection, { status: "scratch", fingerprint, target, partitions }),
        );
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * Rows and checkpoint of the live build are committed together, so one snapshot shows them as they belong together
   * while its projector goes on.
   */
  async compare(
    live: Build,
    scratch: Build,
    { recompute, limit, signal }: Parameters<ScratchBuilds["compare"]>[2],
  ): Promise<Comparison> {
    const { connections, schema } = this.#options;
    return connections.transaction(connections.project, async (liveClient) => {
      await liveClient.query("set transaction isolation level repeatable read, read only");
      await liveClient.query("set local idle_in_transaction_session_timeout = 0");
      const { rows: partitions } = await liveClient.query<PartitionReport>(
        `select partition as number, first_hash as "from", last_hash as "to", position,
           merges_with as "mergesWith"
         from ${schema}.checkpoints where subscription = $1 order by first_hash`,
        [live.subscription],
      );
      await recompute(partitions);
      return connections.transaction(connections.project, async (scratchClient) => {
        await scratchClient.query("set transaction read only");
        return compareTables(
          { client: liveClient, schema: live.schema },
          { client: scratchClient, schema: scratch.schema },
          { limit, signal },
        );
      });
    });
  }

  async drop(scratch: Build): Promise<void> {
    const { connections, schema, channel } = this.#options;
    await dropScratch(connections, { schema, channel: channel() }, scratch);
  }

  async #sweep(projection: string): Promise<void> {
    const { connections, schema } = this.#options;
    const { rows } = await sql<BuildRow>`
      select ${sql.raw(buildColumns)}, false as serving from ${sql.raw(schema)}.projection_builds b
      where b.projection = ${projection} and b.status = 'scratch'
        and b.started_at < clock_timestamp() - ${abandonedSeconds} * interval '1 second'
        and not exists (select from ${sql.raw(schema)}.checkpoints c where c.subscription = b.subscription
          and c.updated_at > clock_timestamp() - ${abandonedSeconds} * interval '1 second')
        and not exists (select from ${sql.raw(schema)}.leases l
          where l.subscription = b.subscription and l.expires_at > clock_timestamp())`.execute(
      connections.projecting,
    );
    for (const row of rows) await this.drop(toBuild(row));
  }
}
