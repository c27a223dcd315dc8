import type pg from "pg";
import type { Build } from "../../projection/build.ts";
import { buildLock } from "./create-build.ts";

/** Inside a transaction: a retired build is to serve again once it has passed the target; `false` when it is none. */
export async function returnBuild(
  client: pg.PoolClient,
  framework: { readonly schema: string; readonly channel: string },
  build: Build,
  { target, activateWithParked }: { readonly target: bigint; readonly activateWithParked: boolean },
): Promise<boolean> {
  const lock = buildLock(framework.schema, { name: build.projection, version: build.version });
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [lock]);
  const { rowCount } = await client.query(
    `update ${framework.schema}.projection_builds b
     set status = 'building', target = $2,
       activate_with_parked = $3 or (b.status = 'building' and b.activate_with_parked), rate_limit = null, read_events = 0,
       read_position = 0, events_per_second = 0, eta_seconds = null
     where b.id = $1 and (b.status = 'retired' or b.status = 'building' and b.finished_at is not null) and not exists (
       select from ${framework.schema}.projection_builds o
       where o.projection = b.projection and o.version = b.version and o.status = 'building' and o.id <> b.id)`,
    [build.id, target, activateWithParked],
  );
  await client.query("select pg_notify($1, 'builds')", [framework.channel]);
  return rowCount === 1;
}
