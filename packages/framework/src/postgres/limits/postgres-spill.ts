import type { SpilledItem, SpillStore } from "../../intake/spill-store.ts";
import type { ProjectionConnections } from "../projections/projection-connections.ts";

interface SpilledRow {
  readonly item_no: bigint | null;
  readonly key: string;
  readonly item: Buffer;
  readonly waiting: boolean;
}

/** What full queues keep for later, in PostgreSQL. */
export class PostgresSpill implements SpillStore {
  readonly #connections: ProjectionConnections;
  readonly #schema: string;

  /** @param options `schema` is quoted. */
  constructor(options: { readonly connections: ProjectionConnections; readonly schema: string }) {
    this.#connections = options.connections;
    this.#schema = options.schema;
  }

  async add(queue: string, items: readonly Omit<SpilledItem, "itemNo">[]): Promise<void> {
    await this.#connections.run(this.#connections.project, {
      text: `insert into ${this.#schema}.spilled_items (queue, key, item)
        select $1, i.key, i.item from unnest($2::text[], $3::bytea[]) with ordinality i(key, item, place)
        order by i.place on conflict (queue, key) do nothing`,
      values: [queue, items.map(({ key }) => key), items.map(({ item }) => Buffer.from(item))],
    });
  }

  async drain(
    queue: string,
    { owner, leaseMs, limit }: Parameters<SpillStore["drain"]>[1],
  ): ReturnType<SpillStore["drain"]> {
    const rows = await this.#connections.run<SpilledRow & Record<string, unknown>>(
      this.#connections.project,
      {
        text: `with mine as (
          insert into ${this.#schema}.spill_drains as d (queue, owner, expires_at)
          values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
          on conflict (queue) do update set owner = excluded.owner, expires_at = excluded.expires_at
          where d.owner = excluded.owner or d.expires_at <= clock_timestamp()
          returning 1
        ), items as (
          select item_no, key, item from ${this.#schema}.spilled_items
          where queue = $1 and exists (select from mine) order by item_no limit $4
        )
        select i.*, exists (select from ${this.#schema}.spilled_items where queue = $1) as waiting
        from (select 1) one left join items i on true order by i.item_no`,
        values: [queue, owner, leaseMs, limit],
      },
    );
    const items = rows.flatMap(({ item_no: itemNo, key, item }) =>
      itemNo === null ? [] : [{ itemNo, key, item }],
    );
    return { items, waiting: rows[0]?.waiting ?? false };
  }

  async remove(queue: string, owner: string, items: readonly bigint[]): Promise<void> {
    await this.#connections.run(this.#connections.project, {
      text: `delete from ${this.#schema}.spilled_items where queue = $1 and item_no = any ($3::bigint[])
        and exists (select from ${this.#schema}.spill_drains where queue = $1 and owner = $2)`,
      values: [queue, owner, [...items]],
    });
  }

  async release(queue: string, owner: string): Promise<void> {
    await this.#connections.run(this.#connections.project, {
      text: `delete from ${this.#schema}.spill_drains where queue = $1 and owner = $2`,
      values: [queue, owner],
    });
  }
}
