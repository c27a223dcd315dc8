import type pg from "pg";
import { TidemarkError } from "../../errors.ts";
import type { Lease } from "../../subscription/lease-store.ts";
import type {
  PartitionBalance,
  PartitionReport,
  PartitionStore,
} from "../../subscription/partition-store.ts";
import type { ProjectionConnections } from "./projection-connections.ts";

interface PartitionRow {
  readonly partition: number;
  readonly first_hash: number;
  readonly last_hash: number;
  readonly position: bigint;
  readonly merges_with: number | null;
  readonly replay_until: bigint;
}

const columns = "partition, first_hash, last_hash, position, merges_with, replay_until";

/** The partitions of subscriptions in PostgreSQL: the rows of their checkpoints. */
export class PostgresPartitions implements PartitionStore {
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

  async partitions(subscription: string): Promise<readonly PartitionReport[]> {
    const rows = await this.#connections.run<PartitionRow & Record<string, unknown>>(
      this.#connections.control,
      {
        text: `select ${columns} from ${this.#schema}.checkpoints where subscription = $1 order by first_hash`,
        values: [subscription],
      },
    );
    return rows.map(toReport);
  }

  async split(subscription: string, partition: number): Promise<void> {
    await this.#change(subscription, [partition], async (client, rows) => {
      const [row] = rows;
      if (row === undefined) throw unknown(partition);
      if (row.merges_with !== null) refuse("partition", "is being merged: split it afterwards");
      if (row.first_hash === row.last_hash)
        refuse("partition", "is a single place of the hash space already");
      const middle = Math.floor((row.first_hash + row.last_hash) / 2);
      const inserted = await client.query<{ partition: number }>(
        `insert into ${this.#schema}.checkpoints
           (subscription, partition, position, events, store_id, event_id, replay_until, first_hash, last_hash)
         select subscription, (select max(partition) + 1 from ${this.#schema}.checkpoints where subscription = $1),
           position, events, store_id, event_id, replay_until, $3::integer + 1, last_hash
         from ${this.#schema}.checkpoints where subscription = $1 and partition = $2
         returning partition`,
        [subscription, partition, middle],
      );
      const half = inserted.rows[0]?.partition;
      await client.query(
        `update ${this.#schema}.checkpoints set last_hash = $3 where subscription = $1 and partition = $2`,
        [subscription, partition, middle],
      );
      await this.#copyParked(client, subscription, partition, half);
      for (const owner of [partition, half]) await this.#keepParkedOf(client, subscription, owner);
    });
  }

  async merge(subscription: string, left: number, right: number): Promise<void> {
    await this.#change(subscription, [left, right], async (client, rows) => {
      const [first, second] = rows;
      if (first === undefined || second === undefined) throw unknown(first === undefined ? left : right);
      if (first.merges_with !== null || second.merges_with !== null)
        refuse("partitions", "are being merged already");
      if (first.last_hash + 1 !== second.first_hash && second.last_hash + 1 !== first.first_hash)
        refuse("partitions", "must be neighbours: the range of one must begin where the other ends");
      await this.#bringTogether(client, subscription, first, second);
    });
  }

  async completeMerge({ subscription, partition, fencingToken }: Lease): Promise<void> {
    const { rows } = await this.#connections.project.query<{ merges_with: number | null }>(
      `select merges_with from ${this.#schema}.checkpoints where subscription = $1 and partition = $2`,
      [subscription, partition],
    );
    const other = rows[0]?.merges_with ?? null;
    if (other === null) return;
    await this.#change(subscription, [partition, other], async (client, [mine, theirs]) => {
      if (mine === undefined || theirs === undefined) return;
      const fenced = await client.query(
        `select from ${this.#schema}.checkpoints where subscription = $1 and partition = $2 and fencing_token = $3`,
        [subscription, partition, fencingToken],
      );
      if (fenced.rowCount !== 1)
        throw new TidemarkError("lease-lost", "Another process has taken over this partition.");
      if (mine.position !== theirs.position) {
        await this.#bringTogether(client, subscription, mine, theirs);
        return;
      }
      const [kept, gone] = partition < other ? [partition, other] : [other, partition];
      await this.#copyParked(client, subscription, gone, kept);
      await client.query(
        `delete from ${this.#schema}.checkpoints where subscription = $1 and partition = $2`,
        [subscription, gone],
      );
      await client.query(
        `update ${this.#schema}.checkpoints set first_hash = $3, last_hash = $4, paused = false, stop_at = null,
           merges_with = null, replay_until = $5
         where subscription = $1 and partition = $2`,
        [
          subscription,
          kept,
          Math.min(mine.first_hash, theirs.first_hash),
          Math.max(mine.last_hash, theirs.last_hash),
          // Beyond the lower one the events of one of them were not handled before: better twice than never.
          mine.replay_until < theirs.replay_until ? mine.replay_until : theirs.replay_until,
        ],
      );
    });
  }

  async balance({
    subscription,
    owner,
    nodeMs,
  }: Parameters<PartitionStore["balance"]>[0]): Promise<PartitionBalance> {
    const [row] = await this.#connections.run<PartitionBalance & Record<string, unknown>>(
      this.#connections.control,
      {
        text: `with seen as (
            insert into ${this.#schema}.subscription_nodes (subscription, owner, seen_at)
            values ($1, $2, clock_timestamp())
            on conflict (subscription, owner) do update set seen_at = excluded.seen_at
          ), gone as (
            delete from ${this.#schema}.subscription_nodes
            where subscription = $1 and owner <> $2 and seen_at < clock_timestamp() - $3 * interval '1 millisecond'
          )
          select
            (select count(*)::integer from ${this.#schema}.checkpoints where subscription = $1) as partitions,
            (select count(*)::integer + 1 from ${this.#schema}.subscription_nodes
              where subscription = $1 and owner <> $2
                and seen_at >= clock_timestamp() - $3 * interval '1 millisecond') as nodes,
            (select count(*)::integer from ${this.#schema}.leases
              where subscription = $1 and owner = $2 and expires_at > clock_timestamp()) as mine`,
        values: [subscription, owner, nodeMs],
      },
    );
    return row ?? { partitions: 0, nodes: 1, mine: 0 };
  }

  /** Locks the partitions, in order of their numbers, and takes them from their owners when something changed. */
  async #change(
    subscription: string,
    partitions: readonly number[],
    change: (client: pg.PoolClient, rows: readonly (PartitionRow | undefined)[]) => Promise<void>,
  ): Promise<void> {
    await this.#connections.transaction(this.#connections.project, async (client) => {
      // First, as in the statement that takes a lease: in the other order the two would wait for each other.
      await client.query(
        `delete from ${this.#schema}.leases where subscription = $1 and partition = any ($2::smallint[])`,
        [subscription, [...partitions]],
      );
      const { rows } = await client.query<PartitionRow>(
        `select ${columns} from ${this.#schema}.checkpoints where subscription = $1 and partition = any ($2::smallint[])
         order by partition for update`,
        [subscription, [...partitions]],
      );
      await change(
        client,
        partitions.map((number) => rows.find(({ partition }) => partition === number)),
      );
      await client.query(
        `update ${this.#schema}.checkpoints set fencing_token = fencing_token + 1
         where subscription = $1 and partition = any ($2::smallint[])`,
        [subscription, [...partitions]],
      );
    });
    await this.#notify(`partitions ${subscription}`);
  }

  /** The partition that is ahead stands still, the other one is told where. */
  async #bringTogether(
    client: pg.PoolClient,
    subscription: string,
    first: PartitionRow,
    second: PartitionRow,
  ): Promise<void> {
    const [behind, ahead] = first.position <= second.position ? [first, second] : [second, first];
    await client.query(
      `update ${this.#schema}.checkpoints set
         merges_with = case partition when $2 then $3::smallint else $2::smallint end,
         paused = partition = $3, stop_at = case partition when $2 then $4::bigint end
       where subscription = $1 and partition in ($2, $3)`,
      [subscription, behind.partition, ahead.partition, ahead.position],
    );
  }

  /** Both may have the sequence of a stream parked: then it has the events of both. */
  async #copyParked(
    client: pg.PoolClient,
    subscription: string,
    from: number,
    to: number | undefined,
  ): Promise<void> {
    await client.query(
      `insert into ${this.#schema}.parked_sequences
         (subscription, partition, sequence, attempts, error, request, requested_by, reason, parked_at, failed_at)
       select subscription, $3::smallint, sequence, attempts, error, request, requested_by, reason, parked_at, failed_at
       from ${this.#schema}.parked_sequences where subscription = $1 and partition = $2
       on conflict (subscription, partition, sequence) do nothing`,
      [subscription, from, to],
    );
    await client.query(
      `insert into ${this.#schema}.dead_letters (subscription, partition, sequence, position, event_id, parked_at)
       select subscription, $3::smallint, sequence, position, event_id, parked_at
       from ${this.#schema}.dead_letters where subscription = $1 and partition = $2
       on conflict (subscription, partition, sequence, position) do nothing`,
      [subscription, from, to],
    );
    await client.query(
      `update ${this.#schema}.parked_sequences s set events = (
         select count(*) from ${this.#schema}.dead_letters d
         where d.subscription = $1 and d.partition = $2::smallint and d.sequence = s.sequence)
       where s.subscription = $1 and s.partition = $2::smallint`,
      [subscription, to],
    );
  }

  /** Keys go to where their hash belongs; a stream's events concern every partition. */
  async #keepParkedOf(
    client: pg.PoolClient,
    subscription: string,
    partition: number | undefined,
  ): Promise<void> {
    await client.query(
      `delete from ${this.#schema}.parked_sequences s using ${this.#schema}.checkpoints c
       where s.subscription = $1 and s.partition = $2 and c.subscription = $1 and c.partition = $2
         and s.sequence like 'key:%'
         and ${this.#schema}.partition_hash(convert_to(substr(s.sequence, 5), 'UTF8'))
           not between c.first_hash and c.last_hash`,
      [subscription, partition],
    );
  }
}

function toReport(row: PartitionRow): PartitionReport {
  return {
    number: row.partition,
    from: row.first_hash,
    to: row.last_hash,
    position: row.position,
    mergesWith: row.merges_with,
  };
}

function unknown(partition: number): TidemarkError {
  return new TidemarkError(
    "partition-unknown",
    `There is no partition ${partition}: list the partitions, a split or merge may have changed them.`,
  );
}

function refuse(field: string, message: string): never {
  throw new TidemarkError("validation-failed", `The ${field} ${message}.`, {
    errors: [{ field, rule: "partitions", message }],
  });
}
