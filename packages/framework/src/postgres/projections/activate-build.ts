import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { EventStore } from "../../event-store/event-store.ts";
import type { Build } from "../../projection/build.ts";
import type { ProjectionStore } from "../../projection/projection-store.ts";

/** Milliseconds that commits of the serving build may be held up for the new one to draw level. */
const drawLevelMs = 500;

type Activation = Awaited<ReturnType<ProjectionStore["activate"]>>;

/**
 * Runs inside a transaction. The serving build's checkpoint is locked, so it stands still while the new one, which
 * goes on, passes it: whoever read the old build before sees no earlier state afterwards.
 */
export async function activateBuild(
  client: pg.PoolClient,
  framework: { readonly schema: string; readonly channel: string },
  build: Build,
  log: Pick<EventStore, "storeId" | "head">,
): Promise<Activation> {
  const { schema, channel } = framework;
  const { rowCount } = await client.query(
    `select from ${schema}.projection_builds where id = $1 and status = 'building' for update`,
    [build.id],
  );
  if (rowCount !== 1) return "gone";
  if (await waitsForParked(client, schema, build)) return "parked";
  const serving = await client.query<{ position: bigint; store_id: string | null }>(
    `select c.position, c.store_id from ${schema}.checkpoints c where c.subscription = (
       select b.subscription from ${schema}.projection_pointers p join ${schema}.projection_builds b on b.id = p.build_id
       where p.projection = $1 and p.version = $2 and b.id <> $3)
     for update`,
    [build.projection, build.version, build.id],
  );
  // Read with the checkpoint locked: one of this log is not beyond it.
  const head = await log.head();
  let goal = build.target;
  for (const { position, store_id } of serving.rows) {
    if (store_id === log.storeId && position > goal && position <= head) goal = position;
  }
  if (!(await hasPassed(client, schema, build, goal))) return "behind";
  // Something may have been parked on the way.
  if (await waitsForParked(client, schema, build)) return "parked";

  await client.query(
    `insert into ${schema}.projection_pointers (projection, version, build_id) values ($1, $2, $3)
     on conflict (projection, version) do update set build_id = excluded.build_id, updated_at = clock_timestamp()`,
    [build.projection, build.version, build.id],
  );
  // A newer version that serves already stays the active one, unless it is rolled back: this one only serves the nodes
  // that still ask for it.
  await client.query(
    `update ${schema}.projection_builds set status = 'retired'
     where projection = $1 and (version <= $2 or $3::boolean) and status = 'active'`,
    [build.projection, build.version, build.returning],
  );
  await client.query(
    `update ${schema}.projection_builds set finished_at = clock_timestamp(), eta_seconds = 0, status = case
       when exists (select from ${schema}.projection_builds where projection = $2 and status = 'active') then 'retired'
       else 'active' end
     where id = $1`,
    [build.id, build.projection],
  );
  await client.query("select pg_notify($1, 'builds')", [channel]);
  return "activated";
}

/** Whether events of it are parked, while there is another read model that serves and nobody asked for this one. */
async function waitsForParked(client: pg.PoolClient, schema: string, build: Build): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${schema}.projection_builds b
     where b.id = $1 and not b.activate_with_parked
       and exists (select from ${schema}.parked_sequences s where s.subscription = b.subscription)
       and exists (select from ${schema}.projection_builds o
         where o.projection = b.projection and o.status = 'active' and o.id <> b.id)`,
    [build.id],
  );
  return rowCount === 1;
}

async function hasPassed(
  client: pg.PoolClient,
  schema: string,
  build: Build,
  goal: bigint,
): Promise<boolean> {
  const deadline = performance.now() + drawLevelMs;
  for (;;) {
    const { rows } = await client.query<{ position: bigint | null }>(
      `select min(position) as position from ${schema}.checkpoints where subscription = $1`,
      [build.subscription],
    );
    const position = rows[0]?.position ?? null;
    if (position === null || position < build.target) return false;
    if (position >= goal) return true;
    if (performance.now() > deadline) return false;
    await delay(2);
  }
}
