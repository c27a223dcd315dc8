import type { PoolClient } from "pg";
import { TidemarkError } from "../../errors.ts";
import type { Checkpoint } from "../../subscription/checkpoint.ts";
import type { LeaseHolder } from "../../subscription/lease-store.ts";
import { equalPartitions } from "../../subscription/partition.ts";
import type {
  Rewind,
  SubscriptionDirectory,
  SubscriptionRecord,
} from "../../subscription/subscription-directory.ts";
import { keepDiscarded } from "./letter-statements.ts";
import type { ProjectionConnections } from "./projection-connections.ts";

interface RecordRow extends Record<string, unknown> {
  readonly subscription: string;
  readonly positions: readonly { readonly partition: number; readonly position: string }[];
  readonly events: bigint;
  readonly holders: readonly LeaseHolder[];
  readonly parked: { readonly sequences: number; readonly events: number; readonly oldestAt: string | null };
  readonly replay_until: bigint;
}

interface CheckpointRow extends Record<string, unknown> {
  readonly partition: number;
  readonly store_id: string | null;
  readonly position: bigint;
  readonly event_id: string | null;
  readonly replay_until: bigint;
}

/** The application's subscriptions in PostgreSQL: rows of the same tables as those of projections. */
export class PostgresSubscriptions implements SubscriptionDirectory {
  readonly #connections: ProjectionConnections;
  readonly #schema: string;
  readonly #notify: (payload: string) => Promise<void>;

  /** @param options `schema` is quoted; `notify` tells the other processes. */
  constructor(options: {
    readonly connections: ProjectionConnections;
    readonly schema: string;
    readonly notify: (payload: string) => Promise<void>;
  }) {
    this.#connections = options.connections;
    this.#schema = options.schema;
    this.#notify = options.notify;
  }

  async ensure(
    subscription: string,
    { checkpoint, partitions }: { readonly checkpoint: Checkpoint; readonly partitions: number },
  ): Promise<boolean> {
    const ranges = equalPartitions(partitions);
    const { storeId, position, eventId } = checkpoint;
    const rows = await this.#connections.run(this.#connections.control, {
      text: `insert into ${this.#schema}.checkpoints
          (subscription, partition, first_hash, last_hash, store_id, position, event_id)
        select $1, r.*, $5::uuid, $6::bigint, $7::uuid
        from unnest($2::smallint[], $3::integer[], $4::integer[]) r(partition, first_hash, last_hash)
        where not exists (select from ${this.#schema}.checkpoints where subscription = $1)
        on conflict (subscription, partition) do nothing returning 1`,
      values: [
        subscription,
        ranges.map(({ number }) => number),
        ranges.map(({ from }) => from),
        ranges.map(({ to }) => to),
        storeId,
        position,
        eventId,
      ],
    });
    return rows.length > 0;
  }

  async records(subscriptions: readonly string[]): Promise<readonly SubscriptionRecord[]> {
    const rows = await this.#connections.run<RecordRow>(this.#connections.control, {
      text: `select c.subscription, max(c.events) as events, max(c.replay_until) as replay_until,
          json_agg(json_build_object('partition', c.partition, 'position', c.position::text) order by c.partition)
            as positions,
          (select coalesce(json_agg(json_build_object(
              'partition', l.partition, 'label', l.label, 'state', l.state, 'error', l.error) order by l.partition), '[]')
            from ${this.#schema}.leases l
            where l.subscription = c.subscription and l.expires_at > clock_timestamp()) as holders,
          (select json_build_object('sequences', count(*), 'oldestAt', min(s.parked_at),
              'events', coalesce(sum(s.events), 0))
            from ${this.#schema}.parked_sequences s where s.subscription = c.subscription) as parked
        from ${this.#schema}.checkpoints c where c.subscription = any ($1)
        group by c.subscription order by c.subscription`,
      values: [[...subscriptions]],
    });
    return rows.map((row) => ({
      subscription: row.subscription,
      positions: row.positions.map(({ partition, position }) => ({ partition, position: BigInt(position) })),
      events: row.events,
      holders: row.holders,
      parked: {
        ...row.parked,
        oldestAt: row.parked.oldestAt === null ? null : new Date(row.parked.oldestAt),
      },
      replayUntil: row.replay_until,
    }));
  }

  async checkpoints(subscription: string) {
    const rows = await this.#connections.run<CheckpointRow>(this.#connections.control, {
      text: `select partition, store_id, position, event_id, replay_until from ${this.#schema}.checkpoints where subscription = $1`,
      values: [subscription],
    });
    return rows.flatMap(({ partition, position, ...row }) => {
      const { store_id: storeId, event_id: eventId, replay_until: replayUntil } = row;
      return storeId === null ? [] : [{ partition, checkpoint: { storeId, position, eventId, replayUntil } }];
    });
  }

  async rewind(subscription: string, { checkpoint, diverged, discard }: Rewind): Promise<number> {
    const { storeId, position, eventId } = checkpoint;
    const count = await this.#connections.transaction(this.#connections.project, async (client) => {
      // First, as in the statement that takes a lease: in the other order the two would wait for each other.
      await client.query(`delete from ${this.#schema}.leases where subscription = $1`, [subscription]);
      const { rowCount } = await client.query(
        `update ${this.#schema}.checkpoints set
           replay_until = case when partition = any ($5::smallint[]) then $3 else greatest(replay_until, position) end,
           store_id = $2, position = $3, event_id = $4, fencing_token = fencing_token + 1
         where subscription = $1 and (position > $3 or position = $3 and partition = any ($5::smallint[]))`,
        [subscription, storeId, position, eventId, [...diverged]],
      );
      if (rowCount === 0) return 0;
      // Behind the update: whoever parks something now waits for its rows, and has lost the lease then.
      if (discard === null) await this.#refuseParked(client, subscription);
      else await this.#discardParked(client, subscription, discard);
      return rowCount ?? 0;
    });
    await this.#notify(`partitions ${subscription}`);
    return count;
  }

  async #discardParked(
    client: PoolClient,
    subscription: string,
    { reason, requestedBy }: NonNullable<Rewind["discard"]>,
  ): Promise<void> {
    const keep = keepDiscarded(this.#schema, "d.subscription = $1", "$2, $3");
    await client.query(keep, [subscription, requestedBy, reason]);
    await client.query(`delete from ${this.#schema}.parked_sequences where subscription = $1`, [
      subscription,
    ]);
  }

  /** What is parked was never handled, and could not be told any more from what was. */
  async #refuseParked(client: PoolClient, subscription: string): Promise<void> {
    const { rows } = await client.query<{ readonly sequence: string }>(
      `select sequence from ${this.#schema}.parked_sequences where subscription = $1
       order by parked_at, sequence limit 4`,
      [subscription],
    );
    if (rows.length === 0) return;
    const shown = rows.slice(0, 3).map(({ sequence }) => sequence);
    const more = rows.length > shown.length ? " and more" : "";
    throw new TidemarkError(
      "subscription-has-parked",
      `A replay would pass events that are parked and were never handled, of ${shown.join(", ")}${more}: ` +
        "retry or discard what is parked first, or let the replay discard it.",
      { details: { sequences: shown } },
    );
  }
}
